import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { initialRuleState, nextRuleState } from '../../daemon/kernel/alerts/alert-machine.js';
import type { AlertRule, RuleAlert } from '../../daemon/kernel/alerts/alert-rule.js';
import { cameraId } from '../../daemon/kernel/ids.js';

const minuteMs = 60_000;
const cameras = [cameraId('gate'), cameraId('door')] as const;
const present = new Set(cameras);

interface Step {
  readonly afterMin: number;
  readonly camera: 0 | 1;
  readonly isQuiet: boolean;
  /** Only time goes by. */
  readonly isTick: boolean;
  readonly isEnd: boolean;
}

const steps = fc.array(
  fc.record<Step>({
    afterMin: fc.integer({ min: 0, max: 20 }),
    camera: fc.constantFrom(0, 1),
    isQuiet: fc.boolean(),
    isTick: fc.boolean(),
    isEnd: fc.boolean(),
  }),
  { maxLength: 60 },
);

const rules = (on: 'unknown' | 'camera-down') =>
  fc
    .record({
      count: fc.integer({ min: 1, max: 4 }),
      withinMin: fc.integer({ min: 1, max: 30 }),
      minimumMin: fc.integer({ min: 0, max: 15 }),
      cooldownMin: fc.integer({ min: 0, max: 60 }),
    })
    .map(
      ({ count, withinMin, minimumMin, cooldownMin }): AlertRule => ({
        ...{ id: 'r', on, cameras: undefined, severity: 'warning', quietHours: undefined },
        threshold: { count, withinMs: withinMin * minuteMs },
        minimumMs: minimumMin * minuteMs,
        cooldownMs: cooldownMin * minuteMs,
      }),
    );

interface Said {
  readonly atMs: number;
  readonly isQuiet: boolean;
  readonly alert: RuleAlert;
}

/** Everything a rule says about these steps, and about a long calm time after them; and how many signals there were. */
function run(rule: AlertRule, given: readonly Step[]) {
  const said: Said[] = [];
  let state = initialRuleState(rule);
  let nowMs = 0;
  let sequence = 0;
  const feed = (input: Parameters<typeof nextRuleState>[2], isQuiet: boolean): void => {
    const next = nextRuleState(rule, state, input, { nowMs, isQuiet });
    state = JSON.parse(JSON.stringify(next.state)) as typeof state;
    for (const alert of next.alerts) said.push({ atMs: nowMs, isQuiet, alert });
  };
  for (const { afterMin, camera, isQuiet, isTick, isEnd } of given) {
    nowMs += afterMin * minuteMs;
    if (isTick) {
      feed({ kind: 'tick', cameras: present }, isQuiet);
      continue;
    }
    sequence += 1;
    const about = { cameraId: cameras[camera], atMs: nowMs, code: null, sequence };
    const signal =
      rule.on === 'unknown'
        ? ({ kind: 'occurred', on: 'unknown', ...about } as const)
        : ({ kind: isEnd ? 'ended' : 'began', on: 'camera-down', ...about } as const);
    feed({ kind: 'signal', signal }, isQuiet);
  }
  for (const camera of cameras) {
    nowMs += 30 * minuteMs;
    if (rule.on !== 'camera-down') continue;
    sequence += 1;
    const end = {
      kind: 'ended',
      on: 'camera-down',
      cameraId: camera,
      atMs: nowMs,
      code: null,
      sequence,
    } as const;
    feed({ kind: 'signal', signal: end }, false);
  }
  for (let tick = 0; tick < 3; tick += 1) {
    nowMs += 61 * minuteMs;
    feed({ kind: 'tick', cameras: present }, false);
  }
  return { said, state, signals: sequence };
}

const countOf = (said: readonly Said[]): number =>
  said.flatMap(({ alert }) => alert.parts).reduce((sum, { count }) => sum + count, 0);

describe('whatever happens, a rule', () => {
  test('with a threshold of one reports every occurrence exactly once', () => {
    fc.assert(
      fc.property(rules('unknown'), steps, (rule, given) => {
        const single = { ...rule, threshold: { ...rule.threshold, count: 1 } };
        const { said, signals } = run(single, given);
        assert.equal(countOf(said), signals);
      }),
    );
  });

  test('never reports more than happened, nor less than the threshold at one camera', () => {
    fc.assert(
      fc.property(rules('unknown'), steps, (rule, given) => {
        const { said, signals } = run(rule, given);
        assert.ok(countOf(said) <= signals);
        for (const { alert } of said) {
          for (const { count } of alert.parts) assert.ok(count >= rule.threshold.count);
        }
      }),
    );
  });

  test('sends no alert in quiet hours, and none about a camera within its cooldown', () => {
    fc.assert(
      fc.property(rules('unknown'), steps, (rule, given) => {
        const last = new Map<string | null, number>();
        for (const { atMs, isQuiet, alert } of run(rule, given).said) {
          assert.equal(isQuiet, false);
          for (const { cameraId: camera } of alert.parts) {
            const before = last.get(camera);
            if (before !== undefined) assert.ok(atMs - before >= rule.cooldownMs);
            last.set(camera, atMs);
          }
        }
      }),
    );
  });

  test('reports the end of every condition that it reported', () => {
    fc.assert(
      fc.property(rules('camera-down'), steps, (rule, given) => {
        const open = new Set<string | null>();
        for (const { isQuiet, alert } of run(rule, given).said) {
          assert.equal(isQuiet, false);
          for (const { cameraId: camera, untilMs } of alert.parts) {
            if (untilMs === null) assert.ok(!open.has(camera), 'it was told twice that it began');
            if (untilMs === null) open.add(camera);
            else open.delete(camera);
          }
        }
        assert.deepEqual([...open], []);
      }),
    );
  });

  test('has nothing left to report after a calm time', () => {
    fc.assert(
      fc.property(rules('camera-down'), steps, (rule, given) => {
        const { state } = run(rule, given);
        assert.equal(state.isHolding, false);
        for (const watch of state.watches) {
          assert.ok(watch.kind === 'condition' && watch.past === undefined && watch.current === undefined);
        }
      }),
    );
  });
});
