import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { eventSchema, eventSchemas } from '../../daemon/contract/events/event-schema.js';
import { stateSchema } from '../../daemon/contract/events/state-schema.js';
import { encodeEvent, stateText } from '../../daemon/core/delivery/encoding.js';
import { outgoingText } from '../../daemon/core/delivery/sender.js';
import { topicsOf } from '../../daemon/core/delivery/topics.js';
import { newEventId } from '../../daemon/core/records/event-id.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { cloudEvent, sequenceText } from '../../daemon/kernel/events/cloud-event.js';
import type { BoxEvent } from '../../daemon/kernel/events/event.js';
import { eventKinds } from '../../daemon/kernel/events/event-type.js';
import { personId } from '../../daemon/kernel/ids.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import {
  ambiguousFact,
  attackFact,
  attendanceFact,
  everyNotice,
  noProof,
  refusedFact,
  unknownFact,
  unprovenFact,
  watchedFact,
} from '../support/facts.js';
import { unsignedSigner } from '../support/published-box.js';

const from = { siteId: 'plant-1', boxId: 'box_2' };
const recordedAtMs = Date.UTC(2026, 2, 1, 8, 0, 0, 250);
const models = { detector: 'a-detector' };

const recorded = (event: BoxEvent) => ({
  ...event,
  id: newEventId(recordedAtMs, seededRandom(7)),
  sequence: 41,
  recordedAtMs,
});

const row = (event: BoxEvent, isAgain = false) => ({
  sequence: 41,
  kind: event.kind,
  recordedAtMs,
  isAgain,
  commandId: null,
  payload: encodeEvent(recorded(event), from, models),
});

/** The message as it comes from the broker. */
async function received(event: BoxEvent, facts: Partial<Parameters<typeof outgoingText>[1]> = {}) {
  const text = outgoingText(row(event), { isHistorical: false, ...facts });
  return JSON.parse(await unsignedSigner.sign(text)) as Record<string, unknown>;
}

describe('a published event', () => {
  const events: readonly BoxEvent[] = [
    attendanceFact(),
    attendanceFact({ direction: 'both' }),
    attendanceFact({ liveness: noProof }),
    unprovenFact(),
    ambiguousFact(),
    ambiguousFact({ reason: 'inseparable-pair' }),
    unknownFact(),
    unknownFact({ bestSimilarity: null }),
    attackFact(),
    attackFact({ personId: personId('person-9'), similarity: 0.81 }),
    attackFact({ liveness: { ...attackFact().liveness, reason: 'passive-model', passiveScore: 0.034567 } }),
    refusedFact(),
    watchedFact(),
    ...everyNotice,
  ];

  test('can be of any kind', () => {
    const kinds = new Set(events.map(({ kind }) => kind));
    assert.deepEqual([...kinds].sort(), [...eventKinds].sort());
  });

  for (const [index, event] of events.entries()) {
    test(`matches the contract: ${event.kind} ${index}`, async () => {
      const message = await received(event);
      const [first, ...others] = eventSchemas[event.kind].filter(
        (schema) => schema.safeParse(message).success,
      );
      assert.ok(first !== undefined && others.length === 0, JSON.stringify(message));
      const parsed = eventSchema.parse(message);
      assert.equal(parsed.sequence, '0000000000000041');
      assert.equal(parsed.time, '2026-03-01T08:00:00.000Z');
      assert.equal(parsed.recordedtime, '2026-03-01T08:00:00.250Z');
      assert.deepEqual([parsed.source, parsed.site, parsed.box], ['/plant-1/box_2', 'plant-1', 'box_2']);
      assert.equal(parsed.historical, undefined);
    });
  }

  test('rounds figures to a sensible precision, and names the networks', async () => {
    const { data } = await received(attendanceFact({ similarity: 0.712345678, margin: 0.10009 }));
    const { similarity, margin, models: named } = data as Record<string, unknown>;
    assert.deepEqual([similarity, margin], [0.7123, 0.1001]);
    assert.deepEqual(named, { detector: 'a-detector', recogniser: 'test-recogniser' });
  });

  test('is marked as historical if it is late', async () => {
    assert.equal(eventSchema.parse(await received(unknownFact(), { isHistorical: true })).historical, true);
  });

  test('contains a name only if names may leave the box', async () => {
    const named = await received(attendanceFact(), { nameOf: (id) => `name of ${id}` });
    assert.equal((named['data'] as Record<string, unknown>)['personName'], 'name of person-1');
    eventSchema.parse(named);
    const erased = await received(attendanceFact(), { nameOf: () => undefined });
    assert.ok(!('personName' in (erased['data'] as object)));
  });

  test('contains its sealed picture, with and without a name', async () => {
    const picture = { sealedTo: 'k'.repeat(43), jpeg: 'AAAA' };
    for (const [event, nameOf] of [
      [attackFact(), undefined],
      [attendanceFact(), undefined],
      [attendanceFact(), () => undefined],
      [attendanceFact(), () => 'a name'],
    ] as const) {
      const { data } = await received(event, { picture, ...(nameOf && { nameOf }) });
      assert.deepEqual((data as Record<string, unknown>)['picture'], picture);
    }
  });

  test('about a person without proof of life has only the id, and what was missing', async () => {
    const { type, data } = await received(unprovenFact(), { nameOf: () => 'a name' });
    assert.equal(type, 'rollcall.recognised.unproven.v1');
    const { models, ...rest } = data as Record<string, unknown>;
    assert.deepEqual(rest, {
      ...{ camera: 'gate', track: 'track-1', passage: 'passage-1', person: 'person-1', direction: 'in' },
      ...{ similarity: 0.7123, threshold: 0.5, margin: 0.1235, quality: 0.813 },
      liveness: {
        ...{ verdict: 'undetermined', reason: 'observed-too-briefly', blinks: [] },
        ...{ observedS: 1.5, frameCount: 22 },
      },
    });
  });

  test('about an ambiguous person names no person except the two candidates', async () => {
    const { data } = await received(ambiguousFact(), { nameOf: () => 'a name' });
    const { candidates, ...rest } = data as Record<string, unknown>;
    assert.deepEqual(candidates, [
      { person: 'person-1', similarity: 0.7123 },
      { person: 'person-2', similarity: 0.7012 },
    ]);
    assert.doesNotMatch(JSON.stringify(rest), /person|a name/);
  });

  test('has no undocumented field', async () => {
    const message = await received(attendanceFact());
    assert.equal(eventSchema.safeParse({ ...message, name: 'somebody' }).success, false);
    const data = { ...(message['data'] as object), name: 'somebody' };
    assert.equal(eventSchema.safeParse({ ...message, data }).success, false);
  });

  test('has an id that is a UUIDv7 of the time of recording', () => {
    const id = newEventId(recordedAtMs, seededRandom(1));
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16), recordedAtMs);
  });

  test('has a sequence that sorts as text like its number', () => {
    const sequence = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER });
    fc.assert(
      fc.property(sequence, sequence, (a, b) => {
        const [one, other] = [a, b].map((number) =>
          cloudEvent({ ...recorded(unknownFact()), sequence: number }, from, {}),
        );
        assert.equal(Math.sign(a - b), compareText(one?.sequence ?? '', other?.sequence ?? ''));
        assert.equal(Number(sequenceText(a)), a);
      }),
    );
  });
});

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

describe('a published state', () => {
  test('matches the contract', async () => {
    const text = stateText(
      {
        ...{ state: 'offline', reason: 'stopped', gallery: 'sealed', sequence: 2, timeMs: recordedAtMs },
        lastSequence: 41,
        conditions: ['disk-low'],
      },
      from,
    );
    const message = stateSchema.parse(JSON.parse(await unsignedSigner.sign(text)));
    assert.equal(message.state, 'offline');
    assert.equal(message.time, '2026-03-01T08:00:00.250Z');
    assert.equal(message.lastSequence, 41);
    assert.deepEqual(message.conditions, ['disk-low']);
  });
});

describe('topicsOf', () => {
  test('makes every topic of a box', () => {
    const topics = topicsOf('acme/rollcall', from);
    const base = 'acme/rollcall/plant-1/box_2';
    assert.equal(topics.event('attendance'), `${base}/event/attendance`);
    assert.equal(topics.event('reply', 'a-command'), `${base}/reply/a-command`);
    assert.equal(topics.state, `${base}/state`);
    assert.equal(topics.cameraState('gate'), `${base}/camera/gate/state`);
    assert.equal(topics.keys, `${base}/keys`);
    assert.equal(topics.command('erase-person'), `${base}/command/erase-person`);
    assert.equal(topics.anyCommand, `${base}/command/+`);
  });

  test('accepts only slugs in a topic', () => {
    const strange = fc.oneof(
      fc.string(),
      fc.constantFrom('', '#', '+', '$SYS', 'a/b/#', 'Ann Smith', 'gate ', 'ä', 'a\u0000b', '../up'),
    );
    fc.assert(
      fc.property(strange, strange, (siteId, name) => {
        try {
          const topics = topicsOf('rollcall', { siteId, boxId: 'box' });
          assert.match(topics.cameraState(name), /^rollcall\/[a-z0-9_-]+\/box\/camera\/[a-z0-9_-]+\/state$/);
          assert.match(topics.event('reply', name), /^rollcall\/[a-z0-9_-]+\/box\/reply\/[a-z0-9_-]+$/);
        } catch (error) {
          assert.ok(isRollcallError(error, 'topic-unsafe'));
        }
      }),
    );
  });
});
