import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { initialRuleState, nextRuleState } from '../../daemon/kernel/alerts/alert-machine.js';
import type { AlertRule } from '../../daemon/kernel/alerts/alert-rule.js';
import type { AlertSignal } from '../../daemon/kernel/alerts/alert-signal.js';
import { type AttendanceRules, suppressionOf } from '../../daemon/kernel/attendance/attendance-rules.js';
import { cameraId } from '../../daemon/kernel/ids.js';
import { ambiguousFact, attackFact, attendanceFact, unknownFact, unprovenFact } from '../support/facts.js';

const limitMs = 60_000;
const startMs = 1_000_000_000;
const gate = cameraId('gate');

const rules: AttendanceRules = {
  attendanceCooldownS: 60,
  unknownCooldownS: 60,
  attackCooldownS: 60,
  watchlistCooldownS: 60,
  watchlistRequires: 'none',
  unknownAfterS: 0,
};
const recent = {
  lastAttendanceMs: () => startMs,
  lastUnprovenMs: () => startMs,
  lastRefusedMs: () => startMs,
  lastWatchedMs: () => startMs,
  lastAmbiguousMs: () => startMs,
  lastUnknownMs: () => startMs,
  lastAttackMs: () => startMs,
};

/** How many alerts a rule gives: after a first signal, a second one when the clock shows `shiftMs` later or earlier. */
function alertsAfter(
  changes: Partial<AlertRule>,
  kinds: readonly AlertSignal['kind'][],
  shiftMs: number,
): number {
  const rule: AlertRule = {
    ...{
      id: 'r',
      on: kinds[0] === 'began' ? 'camera-down' : 'unknown',
      cameras: undefined,
      severity: 'info',
    },
    ...{
      quietHours: undefined,
      threshold: { count: 1, withinMs: 0 },
      minimumMs: 0,
      cooldownMs: 0,
      ...changes,
    },
  };
  let state = initialRuleState(rule);
  let count = 0;
  for (const [index, kind] of kinds.entries()) {
    const nowMs = startMs + index * shiftMs;
    const about = { cameraId: gate, atMs: nowMs, code: null, sequence: index + 1 };
    const signal = { kind, on: rule.on, ...about } as AlertSignal;
    const next = nextRuleState(rule, state, { kind: 'signal', signal }, { nowMs, isQuiet: false });
    state = next.state;
    count += next.alerts.length;
  }
  return count;
}

/** Each comparison of two wall times: its result if the second is later, or earlier, by `shiftMs`. */
const comparisons: Readonly<Record<string, (shiftMs: number) => unknown>> = {
  'the cooldown of an attendance': (shiftMs) =>
    suppressionOf(attendanceFact({ occurredAtMs: startMs + shiftMs }), rules, recent)?.reason,
  'the cooldown of a person who could be either of two': (shiftMs) =>
    suppressionOf(ambiguousFact({ occurredAtMs: startMs + shiftMs }), rules, recent)?.reason,
  'the cooldown of a person without proof of life': (shiftMs) =>
    suppressionOf(unprovenFact({ occurredAtMs: startMs + shiftMs }), rules, recent)?.reason,
  'the cooldown of unknown persons': (shiftMs) =>
    suppressionOf(unknownFact({ occurredAtMs: startMs + shiftMs }), rules, recent)?.reason,
  'the cooldown of presentation attacks': (shiftMs) =>
    suppressionOf(attackFact({ occurredAtMs: startMs + shiftMs }), rules, recent)?.reason,
  'the cooldown of an alert': (shiftMs) =>
    alertsAfter({ cooldownMs: limitMs }, ['occurred', 'occurred'], shiftMs),
  'the time within which an alert counts': (shiftMs) =>
    alertsAfter({ threshold: { count: 2, withinMs: limitMs } }, ['occurred', 'occurred'], shiftMs),
  'how long a condition must last': (shiftMs) =>
    alertsAfter({ minimumMs: limitMs }, ['began', 'ended'], shiftMs),
};

describe('a clock that is set back', () => {
  for (const [name, outcome] of Object.entries(comparisons)) {
    test(`counts for ${name} by its distance, as one that is set forward does`, () => {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 5 * limitMs }), (distanceMs) => {
          assert.deepEqual(outcome(-distanceMs), outcome(distanceMs));
        }),
        { examples: [[limitMs], [limitMs - 1], [limitMs + 1]] },
      );
      assert.notDeepEqual(outcome(0), outcome(2 * limitMs), 'the distance matters');
    });
  }
});
