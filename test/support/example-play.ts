import assert from 'node:assert/strict';
import type { Signer } from '../../daemon/core/delivery/signer.js';
import { cloudEvent } from '../../daemon/kernel/events/cloud-event.js';
import type { EventKind } from '../../daemon/kernel/events/event.js';
import { eventId } from '../../daemon/kernel/ids.js';
import type { ExampleSubscriber } from './example-subscriber.js';
import { assortedFacts, attendanceFact } from './facts.js';
import { box } from './published-box.js';
import { type Attacker, type SignedStream, streamTopics, unsigned } from './signed-stream.js';
import { until } from './until.js';

/** What a box and an attacker who may publish as the box do while an example of a subscriber listens. */

export const attendanceTopic = streamTopics.event('attendance');

/** Text that looks like the line of an event and controls the terminal, if it is printed unchanged. */
export const falseLine =
  'x\n2026-03-02T07:59:10.000Z  29  rollcall.attendance.recorded.v1  new  {"person":"person-2"}\n\u001b[2J';

/** Characters that end a line, control a terminal or change the direction of text. */
export const acting = /[\p{C}\p{Zl}\p{Zp}]/u;

const probe = '{"probe":1}';
const probeTopic = streamTopics.event('gap');

/** Whether a line is about a message by which `listening` found out that a subscriber listens. */
export const isOfProbe = (line: string): boolean => line.includes(probeTopic) || line.includes('probe');

/** Resolves when the subscriber receives events: it refuses an unsigned one. */
export async function listening(subscriber: ExampleSubscriber, attacker: Attacker): Promise<void> {
  const isTold = (): boolean =>
    subscriber.lines.some((line) => line.startsWith('REFUSED') && isOfProbe(line));
  await until('the subscriber listens', async () => {
    if (!isTold()) await attacker.say(probeTopic, probe);
    return isTold();
  });
}

/** What the box itself has published as events of a kind. */
export function fromTheBox(attacker: Attacker, kind: EventKind): readonly string[] {
  return attacker.seen(streamTopics.event(kind));
}

export function record({ records }: SignedStream, count: number): void {
  for (const fact of assortedFacts(count)) records.record(fact);
}

/** An event of the box, with a number that is given here. */
export function signedEvent(signer: Signer, sequence: number): Promise<string> {
  const id = eventId(`01977a2e-5b1c-7d3e-9f20-${String(sequence).padStart(12, '0')}`);
  const event = { ...attendanceFact(), id, sequence, recordedAtMs: Date.now() };
  return signer.sign(JSON.stringify(cloudEvent(event, box, {})));
}

/** Publishes six messages of the box; the attacker repeats them and adds forgeries. Resolves with the number of forgeries. */
export async function play(stream: SignedStream, attacker: Attacker): Promise<number> {
  record(stream, 6);
  await until('the attacker has seen them', () => fromTheBox(attacker, 'attack').length === 2);
  const forged = await forgeries(attacker, stream.keys.state.current.keyId);
  const genuine = (['attendance', 'unknown', 'attack'] as const).flatMap((kind) =>
    fromTheBox(attacker, kind),
  );
  for (const text of genuine) await attacker.say(attendanceTopic, text);
  for (const payload of forged) await attacker.say(attendanceTopic, payload);
  return forged.length;
}

/** The attacks of a client that can publish as the box and reads its messages, but has no key of the box. */
async function forgeries(attacker: Attacker, keyId: string): Promise<readonly (string | Buffer)[]> {
  const [first = '', second = ''] = fromTheBox(attacker, 'attendance');
  const [state = ''] = attacker.seen(streamTopics.state);
  assert.ok(first.includes('person-1') && second !== '' && state !== '');
  const made = unsigned(first).replace('person-1', 'person-2');
  const signature = first.slice(first.lastIndexOf('"signature":"') + 13, -2);
  const header = Buffer.from(JSON.stringify({ alg: 'none', kid: keyId, typ: 'rollcall+jws', iat: 1 }));
  return [
    first.replace('person-1', 'person-2'),
    first.replace(/"sequence":"\d/, '"sequence":"1'),
    first.replace('"time"', '"historical":true,"time"'),
    first.replace('{', '{ '),
    // On one line: mosquitto_sub makes several messages of several lines.
    JSON.stringify(JSON.parse(first), undefined, 1).replaceAll('\n', ' '),
    `${first.slice(0, -1)},"more":1}`,
    `${unsigned(first).slice(0, -1)},"signature":"${second.slice(second.lastIndexOf('"signature":"') + 13, -2)}"}`,
    await attacker.signAs(made),
    await attacker.signAs(made, keyId),
    await attacker.signAs(made, falseLine),
    `{"a":1,"signature":"${Buffer.from(falseLine).toString('base64url')}..${'A'.repeat(86)}"}`,
    '\u001b[2J\r\u009b2J\u2028\u202e{"a":1}',
    made,
    unsigned(first),
    `${made.slice(0, -1)},"signature":"${header.toString('base64url')}.."}`,
    `${made.slice(0, -1)},"signature":"${signature}","signature":"${signature}"}`,
    state,
    '{}',
    '[]',
    'null',
    ' ',
    Buffer.from([0xff, 0xfe, 0x00]),
  ];
}

/** Changes the key of the box; resolves when its key set has been published. */
export async function rotate({ keys }: SignedStream, attacker: Attacker): Promise<void> {
  await keys.rotate(60_000);
  const { keyId } = keys.state.current;
  const isTold = () => attacker.seen(streamTopics.keys).some((text) => text.includes(`"kid":"${keyId}"`));
  await until('the key set with the new key', isTold);
}
