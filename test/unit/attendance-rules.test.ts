import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { memoryFacts } from '../../daemon/core/sightings/memory-facts.js';
import {
  type AttendanceRules,
  type RecentFacts,
  suppressionOf,
} from '../../daemon/kernel/attendance/attendance-rules.js';
import type { Fact, RefusedFact } from '../../daemon/kernel/events/event.js';
import { cameraId, personId } from '../../daemon/kernel/ids.js';
import {
  ambiguousFact,
  attackFact,
  attendanceFact,
  refusedFact,
  unknownFact,
  unprovenFact,
  watchedFact,
} from '../support/facts.js';
import { aPassage } from '../support/passages.js';

const rules: AttendanceRules = {
  attendanceCooldownS: 300,
  unknownCooldownS: 60,
  attackCooldownS: 30,
  watchlistCooldownS: 45,
  watchlistRequires: 'none',
  unknownAfterS: 2,
};
const startMs = Date.UTC(2026, 2, 1, 8);
const at = (seconds: number) => ({ occurredAtMs: startMs + seconds * 1000 });

/** One and the same stranger at every camera. */
function heard(): RecentFacts & { record(fact: Fact): void } {
  const facts = memoryFacts();
  return {
    ...facts,
    record: (fact) => void facts.record(fact, () => aPassage()),
    lastUnknownMs: ({ cameraId: camera }) =>
      facts.all.findLast(({ kind, cameraId: at }) => kind === 'unknown' && at === camera)?.occurredAtMs,
  };
}

const barredFact = (changes: Partial<RefusedFact> = {}) => refusedFact({ reason: 'barred', ...changes });

const kinds = [
  { make: attendanceFact, reason: 'attendance-cooldown', cooldownS: 300 },
  { make: unprovenFact, reason: 'unproven-cooldown', cooldownS: 300 },
  { make: refusedFact, reason: 'refused-cooldown', cooldownS: 300 },
  { make: barredFact, reason: 'refused-cooldown', cooldownS: 45 },
  { make: watchedFact, reason: 'watchlist-cooldown', cooldownS: 45 },
  { make: ambiguousFact, reason: 'ambiguous-cooldown', cooldownS: 300 },
  { make: unknownFact, reason: 'unknown-cooldown', cooldownS: 60 },
  { make: attackFact, reason: 'attack-cooldown', cooldownS: 30 },
] as const;

describe('suppressionOf', () => {
  for (const { make, reason, cooldownS } of kinds) {
    test(`${reason}: the same is silent for ${cooldownS} s, and no longer`, () => {
      const facts = heard();
      assert.equal(suppressionOf(make(at(0)), rules, facts), undefined, 'nothing was said before');
      facts.record(make(at(0)));
      const late = make(at(cooldownS - 1));
      assert.deepEqual(suppressionOf(late, rules, facts), {
        ...{ fact: late, reason, elapsedS: cooldownS - 1, cooldownS, earlier: late.kind },
        earlierAtMs: startMs,
      });
      assert.equal(suppressionOf(make(at(cooldownS)), rules, facts), undefined);
    });

    test(`${reason}: another camera is not silenced`, () => {
      const facts = heard();
      facts.record(make(at(0)));
      assert.equal(suppressionOf(make({ ...at(1), cameraId: cameraId('yard') }), rules, facts), undefined);
    });

    test(`${reason}: a clock set back by a day silences nothing`, () => {
      const facts = heard();
      facts.record(make(at(86_400)));
      assert.equal(suppressionOf(make(at(0)), rules, facts), undefined);
      facts.record(make(at(0)));
      assert.equal(suppressionOf(make(at(1)), rules, facts)?.reason, reason, 'what was said last counts');
    });
  }

  test('another person at the same camera is not silenced', () => {
    const facts = heard();
    facts.record(attendanceFact(at(0)));
    const other = attendanceFact({ ...at(1), personId: personId('person-2') });
    assert.equal(suppressionOf(other, rules, facts), undefined);
  });

  test('another pair at the same camera is not silenced; the same pair is, whichever of the two is nearer', () => {
    const facts = heard();
    facts.record(ambiguousFact(at(0)));
    const [nearer, other] = ambiguousFact().candidates;
    const third = { personId: personId('person-3'), similarity: 0.7 };
    assert.equal(
      suppressionOf(ambiguousFact({ ...at(1), candidates: [nearer, third] }), rules, facts),
      undefined,
    );
    const turned = ambiguousFact({ ...at(1), candidates: [other, nearer] });
    assert.equal(suppressionOf(turned, rules, facts)?.reason, 'ambiguous-cooldown');
  });

  test('a recent attendance suppresses an unproven recognition, but not the reverse', () => {
    const facts = heard();
    facts.record(unprovenFact(at(0)));
    assert.equal(suppressionOf(attendanceFact(at(1)), rules, facts), undefined, 'proof is always said');
    facts.record(attendanceFact(at(200)));
    const late = unprovenFact(at(400));
    assert.deepEqual(suppressionOf(late, rules, facts), {
      ...{ fact: late, reason: 'unproven-cooldown', elapsedS: 200, cooldownS: 300 },
      ...{ earlier: 'attendance', earlierAtMs: startMs + 200_000 },
    });
    assert.equal(suppressionOf(unprovenFact(at(500)), rules, facts), undefined);
    const other = unprovenFact({ ...at(400), personId: personId('person-2') });
    assert.equal(suppressionOf(other, rules, facts), undefined, 'another person is not silenced');
  });

  test('kinds do not silence one another', () => {
    const facts = heard();
    facts.record(attackFact({ ...at(0), personId: personId('person-1') }));
    facts.record(unknownFact(at(0)));
    assert.equal(suppressionOf(attendanceFact(at(1)), rules, facts), undefined);
  });

  test('a cooldown of zero suppresses nothing', () => {
    const facts = heard();
    facts.record(unknownFact(at(0)));
    assert.equal(suppressionOf(unknownFact(at(0)), { ...rules, unknownCooldownS: 0 }, facts), undefined);
  });
});
