import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isRollcallError } from '../../daemon/base/errors.js';
import { seededRandom } from '../../daemon/base/random.js';
import type { Fact } from '../../daemon/domain/event.js';
import { eventPayload } from '../../daemon/domain/event-payload.js';
import { personId } from '../../daemon/domain/ids.js';
import { encodeEvent, encodeState } from '../../daemon/publish/encoding.js';
import { eventSchema, stateSchema } from '../../daemon/publish/event-schema.js';
import { topicsOf } from '../../daemon/publish/topics.js';
import { newEventId } from '../../daemon/records/event-id.js';
import { attackFact, attendanceFact, unknownFact } from '../support/facts.js';

const from = { siteId: 'plant-1', boxId: 'box_2' };
const recordedAtMs = Date.UTC(2026, 2, 1, 8, 0, 0, 250);

const recorded = (fact: Fact) => ({
  ...fact,
  id: newEventId(recordedAtMs, seededRandom(7)),
  sequence: 41,
  recordedAtMs,
});
const parsed = (fact: Fact): unknown =>
  JSON.parse(new TextDecoder().decode(encodeEvent(recorded(fact), from)));

describe('a published event', () => {
  const facts: readonly Fact[] = [
    attendanceFact(),
    attendanceFact({ direction: 'both' }),
    unknownFact(),
    unknownFact({ bestSimilarity: null }),
    attackFact(),
    attackFact({ personId: personId('person-9'), similarity: 0.81 }),
    attackFact({ liveness: { ...attackFact().liveness, reason: 'passive-model', passiveScore: 0.034567 } }),
  ];
  for (const [index, fact] of facts.entries()) {
    test(`keeps the contract: ${fact.kind} ${index}`, () => {
      const message = eventSchema.parse(parsed(fact));
      assert.deepEqual(message, eventPayload(recorded(fact), from));
      assert.equal(message.type, fact.kind);
      assert.equal(message.sequence, 41);
      assert.equal(message.time, '2026-03-01T08:00:00.000Z');
      assert.equal(message.recordedAt, '2026-03-01T08:00:00.250Z');
      assert.equal(message.site, 'plant-1');
      assert.equal(message.box, 'box_2');
    });
  }

  test('rounds what nobody can measure', () => {
    const message = eventSchema.parse(parsed(attendanceFact({ similarity: 0.712345678 })));
    assert.equal(message.similarity, 0.7123);
  });

  test('the contract refuses a field nobody described', () => {
    const message = { ...eventPayload(recorded(attendanceFact()), from), name: 'somebody' };
    assert.equal(eventSchema.safeParse(message).success, false);
  });

  test('an id is a UUIDv7 of the time of recording', () => {
    const id = newEventId(recordedAtMs, seededRandom(1));
    assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.equal(Number.parseInt(id.replaceAll('-', '').slice(0, 12), 16), recordedAtMs);
  });
});

describe('a published state', () => {
  test('keeps the contract', () => {
    const bytes = encodeState(
      { state: 'offline', reason: 'stopped', gallery: 'sealed', sequence: 2, timeMs: recordedAtMs },
      from,
    );
    const message = stateSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
    assert.equal(message.state, 'offline');
    assert.equal(message.time, '2026-03-01T08:00:00.250Z');
  });
});

describe('docs/events.md', () => {
  test('shows messages that keep the contract', () => {
    const text = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8');
    const examples = [...text.matchAll(/```json\n(.*?)```/gs)].map(([, json = '']): unknown =>
      JSON.parse(json),
    );
    assert.equal(examples.length, 2);
    eventSchema.parse(examples[0]);
    stateSchema.parse(examples[1]);
  });

  test('describes every field', () => {
    const text = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8');
    for (const fact of [attendanceFact(), unknownFact(), attackFact()]) {
      const payload = eventPayload(recorded(fact), from);
      const fields = [
        ...Object.keys(payload),
        ...Object.keys(payload.liveness).map((name) => `liveness.${name}`),
      ];
      for (const name of fields) {
        if (name !== 'liveness') assert.ok(text.includes(`\`${name}\``), `${name} is described`);
      }
    }
  });
});

describe('topicsOf', () => {
  test('makes every topic of a box', () => {
    const topics = topicsOf('acme/rollcall', from);
    assert.equal(topics.event('attendance'), 'acme/rollcall/plant-1/box_2/event/attendance');
    assert.equal(topics.state, 'acme/rollcall/plant-1/box_2/state');
  });

  test('lets nothing but slugs into a topic', () => {
    const strange = fc.oneof(
      fc.string(),
      fc.constantFrom('', '#', '+', '$SYS', 'a/b/#', 'Ann Smith', 'gate ', 'ä', 'a\u0000b', '../up'),
    );
    fc.assert(
      fc.property(strange, strange, (siteId, kind) => {
        try {
          const topic = topicsOf('rollcall', { siteId, boxId: 'box' }).event(kind);
          assert.match(topic, /^rollcall\/[a-z0-9_-]+\/box\/event\/[a-z0-9_-]+$/);
        } catch (error) {
          assert.ok(isRollcallError(error, 'topic-unsafe'));
        }
      }),
    );
  });
});
