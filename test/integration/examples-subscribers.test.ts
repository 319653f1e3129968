import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cloudEvent } from '../../daemon/domain/cloud-event.js';
import type { EventKind } from '../../daemon/domain/event.js';
import { eventId } from '../../daemon/domain/ids.js';
import {
  type ExampleSubscriber,
  startExampleSubscriber,
  withoutShellTools,
} from '../support/example-subscriber.js';
import { assortedFacts, attendanceFact, everyNotice } from '../support/facts.js';
import { startMosquitto, withoutMosquitto } from '../support/mosquitto.js';
import { box } from '../support/published-box.js';
import {
  type Attacker,
  type SignedStream,
  startAttacker,
  startSignedStream,
  streamTopics,
  unsigned,
} from '../support/signed-stream.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';

const base = 'rollcall/site/box';
const attendanceTopic = streamTopics.event('attendance');

/** Everything somebody may try who can publish as the box, and sees what it publishes, but has not its key. */
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
    JSON.stringify(JSON.parse(first), undefined, 1),
    `${first.slice(0, -1)},"more":1}`,
    `${unsigned(first).slice(0, -1)},"signature":"${second.slice(second.lastIndexOf('"signature":"') + 13, -2)}"}`,
    await attacker.signAs(made),
    await attacker.signAs(made, keyId),
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

const probe = '{"probe":1}';

/** What the box itself has published as events of a kind. */
function fromTheBox(attacker: Attacker, kind: EventKind): readonly string[] {
  return attacker.seen(streamTopics.event(kind)).filter((text) => text !== probe);
}

/** Resolves when the subscriber is told what comes for events: it refuses something unsigned. */
async function listening(subscriber: ExampleSubscriber, attacker: Attacker): Promise<void> {
  const isTold = (): boolean => subscriber.lines.some((line) => line.startsWith('REFUSED'));
  await until('the subscriber listens', async () => {
    if (!isTold()) await attacker.say(attendanceTopic, probe);
    return isTold();
  });
}

function record({ records }: SignedStream, count: number): void {
  for (const fact of assortedFacts(count)) records.record(fact);
}

function recordedIds({ records }: SignedStream): readonly string[] {
  return records.list({ limit: 1000 }).map(({ id }) => id);
}

/** Lets the box say six things, and the attacker everything else; resolves when the attacker is done. */
async function play(stream: SignedStream, attacker: Attacker): Promise<number> {
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

/** Changes the key of the box; resolves when its key set has been told to those who follow it. */
async function rotate({ keys }: SignedStream, attacker: Attacker): Promise<void> {
  await keys.rotate(60_000);
  const { keyId } = keys.state.current;
  const isTold = () => attacker.seen(streamTopics.keys).some((text) => text.includes(`"kid":"${keyId}"`));
  await until('the key set with the new key', isTold);
}

/** An event that the box signs, with a number further on than the next. */
async function signedAhead({ keys, records }: SignedStream, ahead: number) {
  const sequence = records.list({ limit: 1 })[0]?.sequence ?? 0;
  const id = eventId('01977a2e-5b1c-7d3e-9f20-6a4c81e0b7d2');
  const event = { ...attendanceFact(), id, sequence: sequence + ahead, recordedAtMs: Date.now() };
  return { text: await keys.sign(JSON.stringify(cloudEvent(event, box, {}))), sequence: sequence + ahead };
}

describe('the example subscriber for Node.js', { skip: withoutMosquitto, timeout: 120_000 }, () => {
  test('takes each genuine event once, over a change of the key, and nothing else', async () => {
    await using directory = await temporaryDirectory();
    await using broker = await startMosquitto();
    await using attacker = await startAttacker(broker.url);
    await using stream = await startSignedStream(broker.url, directory.path);
    const { keyId } = stream.keys.state.current;
    const args = [broker.url, base, keyId, '--until', 'rollcall.audit.digest.v1'];
    await using subscriber = startExampleSubscriber('subscriber.mjs', args, directory.path);
    const accepted = (): string[] => subscriber.lines.filter((line) => /^\d{4}-/.test(line));
    const refused = (): string[] => subscriber.lines.filter((line) => line.startsWith('REFUSED'));

    await listening(subscriber, attacker);
    const count = await play(stream, attacker);
    await subscriber.until('all events', () => accepted().length === 6);
    await attacker.say(streamTopics.keys, await attacker.signAs('{"keys":[],"endorsements":[]}'), true);
    await subscriber.until('the forged keys', () => refused().some((line) => line.includes('/keys')));

    await rotate(stream, attacker);
    record(stream, 2);
    for (const notice of everyNotice) if (notice.kind === 'reply') stream.records.record(notice);
    await subscriber.until('those with the new key', () => accepted().length === 9);
    const ahead = await signedAhead(stream, 3);
    await attacker.say(attendanceTopic, ahead.text);
    await subscriber.until('one too far on', () => accepted().length === 10);
    for (const notice of everyNotice) if (notice.kind === 'audit') stream.records.record(notice);
    assert.equal(await subscriber.ended, 0);

    const sequences = accepted().map((line) => Number(line.split(/\s+/)[1]));
    assert.deepEqual(sequences, [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10]);
    const gaps = subscriber.lines.filter((line) => line.startsWith('GAP'));
    assert.deepEqual(gaps, ['GAP  10 to 11 have not come']);
    const sinceFirst = subscriber.lines.slice(subscriber.lines.findIndex((line) => /^\d{4}-/.test(line)));
    const forged = sinceFirst.filter((line) => line.startsWith(`REFUSED  ${attendanceTopic}`));
    assert.equal(forged.length, count, subscriber.lines.join('\n'));
    assert.deepEqual(
      subscriber.lines.filter((line) => line.startsWith('ERROR')),
      [],
    );
  });

  test('is not held up by messages and key sets with keys that nobody knows', {
    timeout: 60_000,
  }, async () => {
    await using directory = await temporaryDirectory();
    await using broker = await startMosquitto();
    await using attacker = await startAttacker(broker.url);
    await using stream = await startSignedStream(broker.url, directory.path);
    const args = [broker.url, base, stream.keys.state.current.keyId];
    await using subscriber = startExampleSubscriber('subscriber.mjs', args, directory.path);
    const starting = (word: RegExp): string[] => subscriber.lines.filter((line) => word.test(line));
    await listening(subscriber, attacker);
    const from = starting(/^REFUSED/).length;
    const madeUp = Array.from({ length: 50 }, (_, index) => String(index).padStart(43, 'n'));
    for (const keyId of madeUp) {
      await attacker.say(attendanceTopic, await attacker.signAs('{"a":1}', keyId));
      const keySet = await attacker.signAs('{"keys":[],"endorsements":[]}', keyId);
      await attacker.say(streamTopics.keys, keySet);
    }
    record(stream, 1);
    await subscriber.until('a real event', () => starting(/^\d{4}-/).length === 1);
    await subscriber.until('the made-up ones are refused', () => starting(/^REFUSED/).length >= from + 100);
    await rotate(stream, attacker);
    record(stream, 1);
    await subscriber.until('one with the new key', () => starting(/^\d{4}-/).length === 2);
    assert.deepEqual(starting(/^(GAP|ERROR)/), []);
  });

  test('takes no event that somebody has made the broker keep', async () => {
    await using directory = await temporaryDirectory();
    await using broker = await startMosquitto();
    await using attacker = await startAttacker(broker.url);
    await using stream = await startSignedStream(broker.url, directory.path);
    record(stream, 1);
    await until('the attacker has seen it', () => fromTheBox(attacker, 'attendance').length === 1);
    const [genuine = ''] = fromTheBox(attacker, 'attendance');
    await attacker.say(attendanceTopic, genuine, true);
    const args = [broker.url, base, stream.keys.state.current.keyId];
    await using subscriber = startExampleSubscriber('subscriber.mjs', args, directory.path);
    await subscriber.until('something is said', () => subscriber.lines.length > 0);
    assert.match(subscriber.lines[0] ?? '', /^REFUSED .* it is retained/);
  });

  test('takes nothing where the key that was pinned is not that of the box', async () => {
    await using directory = await temporaryDirectory();
    await using broker = await startMosquitto();
    await using stream = await startSignedStream(broker.url, directory.path);
    record(stream, 3);
    const args = [broker.url, base, 'n'.repeat(43)];
    await using subscriber = startExampleSubscriber('subscriber.mjs', args, directory.path);
    await subscriber.until('the key set is refused', () => subscriber.lines.length > 0);
    assert.match(
      subscriber.lines[0] ?? '',
      /^REFUSED {2}rollcall\/site\/box\/keys {2}signed by somebody else/,
    );
    assert.equal(subscriber.lines.length, 1);
  });
});

describe('the example subscriber for the shell', {
  skip: withoutMosquitto || withoutShellTools,
  timeout: 120_000,
}, () => {
  test('prints each genuine event once, and nothing else, over a restart', async () => {
    await using directory = await temporaryDirectory();
    await using broker = await startMosquitto();
    await using attacker = await startAttacker(broker.url);
    await using stream = await startSignedStream(broker.url, directory.path);
    const args = [base, stream.keys.state.current.keyId, '-h', '127.0.0.1', '-p', String(broker.port)];
    const printed: string[] = [];
    {
      await using subscriber = startExampleSubscriber('subscriber.sh', args, directory.path);
      await listening(subscriber, attacker);
      const count = await play(stream, attacker);
      await subscriber.until('everything is looked at', () => {
        const refused = subscriber.lines.filter((line) => line.startsWith('REFUSED'));
        return refused.filter((line) => !line.includes(probe)).length === count;
      });
      printed.push(...subscriber.lines.filter((line) => line.startsWith('{')));
      assert.deepEqual(idsOf(printed), recordedIds(stream));
    }
    record(stream, 2);
    await using again = startExampleSubscriber('subscriber.sh', args, directory.path);
    const isNew = (): string[] => again.lines.filter((line) => line.startsWith('{'));
    await again.until('what came meanwhile', () => isNew().length === 2);
    assert.deepEqual(idsOf([...printed, ...isNew()]), recordedIds(stream));
  });

  test('says so where the box publishes no such key', async () => {
    await using directory = await temporaryDirectory();
    await using broker = await startMosquitto();
    await using _stream = await startSignedStream(broker.url, directory.path);
    const args = [base, 'n'.repeat(43), '-h', '127.0.0.1', '-p', String(broker.port)];
    await using subscriber = startExampleSubscriber('subscriber.sh', args, directory.path);
    assert.equal(await subscriber.ended, 1);
    assert.match(subscriber.lines.join('\n'), /^REFUSED {2}the box publishes no key with the thumbprint n+$/);
  });
});

function idsOf(lines: readonly string[]): readonly unknown[] {
  return lines.map((line) => (JSON.parse(line) as { readonly id: unknown }).id);
}
