import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { initialRuleState, nextRuleState, type RuleState } from '../../daemon/kernel/alerts/alert-machine.js';
import type { AlertRule, RuleAlert } from '../../daemon/kernel/alerts/alert-rule.js';
import type { AlertSignal } from '../../daemon/kernel/alerts/alert-signal.js';
import { cameraId } from '../../daemon/kernel/ids.js';

const minuteMs = 60_000;
const gate = cameraId('gate');
const door = cameraId('door');

function ruleOf(changes: Partial<AlertRule> = {}): AlertRule {
  return {
    ...{ id: 'r', on: 'unknown', cameras: undefined, severity: 'warning', quietHours: undefined },
    threshold: { count: 1, withinMs: 10 * minuteMs },
    ...{ minimumMs: 0, cooldownMs: 0 },
    ...changes,
  };
}

/** A rule with what it remembers; each call gives what it says, in short. */
class Watcher {
  isQuiet = false;
  readonly #rule: AlertRule;
  #state: RuleState;
  #sequence = 0;

  constructor(changes: Partial<AlertRule> = {}) {
    this.#rule = ruleOf(changes);
    this.#state = initialRuleState(this.#rule);
  }

  get state(): RuleState {
    return this.#state;
  }

  /** Something happened, began or ended at so many minutes, and is known at once. */
  at(minute: number, kind: 'occurred' | 'began' | 'ended' = 'occurred', camera = gate): readonly string[] {
    this.#sequence += 1;
    const { on } = this.#rule;
    const about = { cameraId: camera, atMs: minute * minuteMs, code: null, sequence: this.#sequence };
    const signal = { kind, on, ...about } as AlertSignal;
    return this.#next({ kind: 'signal', signal }, minute);
  }

  tick(minute: number, cameras = [gate, door]): readonly string[] {
    return this.#next({ kind: 'tick', cameras: new Set(cameras) }, minute);
  }

  #next(input: Parameters<typeof nextRuleState>[2], minute: number): readonly string[] {
    // What is remembered lies in a database between two inputs.
    const before = JSON.parse(JSON.stringify(this.#state)) as RuleState;
    const moment = { nowMs: minute * minuteMs, isQuiet: this.isQuiet };
    const { state, alerts } = nextRuleState(this.#rule, before, input, moment);
    this.#state = state;
    return alerts.map(brief);
  }
}

/** `raised gate x3 0-7`: phase, and of each part camera, count and minutes. */
function brief({ phase, parts }: RuleAlert): string {
  const minute = (ms: number | null): string => (ms === null ? '' : String(ms / minuteMs));
  const told = parts.map(
    ({ cameraId: id, count, fromMs, untilMs }) =>
      `${id ?? 'box'} x${count} ${minute(fromMs)}-${minute(untilMs)}`,
  );
  return [phase, ...told].join(' ');
}

describe('a repeated occurrence', () => {
  test('causes an alert immediately with a threshold of one', () => {
    const watcher = new Watcher();
    assert.deepEqual(watcher.at(1), ['raised gate x1 1-1']);
    assert.deepEqual(watcher.at(2), ['raised gate x1 2-2']);
  });

  test('causes an alert when the threshold is reached at one camera', () => {
    const watcher = new Watcher({ threshold: { count: 3, withinMs: 10 * minuteMs } });
    assert.deepEqual(watcher.at(0), []);
    assert.deepEqual(watcher.at(11), []);
    assert.deepEqual(watcher.at(12, 'occurred', door), []);
    assert.deepEqual(watcher.at(15), []);
    assert.deepEqual(watcher.at(21), ['raised gate x3 11-21']);
    assert.deepEqual(watcher.at(22), [], 'those that were told do not count again');
  });

  test('is reported in one alert after a cooldown', () => {
    const watcher = new Watcher({ cooldownMs: 30 * minuteMs });
    assert.deepEqual(watcher.at(0), ['raised gate x1 0-0']);
    for (const minute of [1, 5, 29]) assert.deepEqual(watcher.at(minute), []);
    assert.deepEqual(watcher.tick(29.9), []);
    assert.deepEqual(watcher.tick(30), ['raised gate x3 1-29']);
    assert.deepEqual(watcher.tick(90), []);
    assert.deepEqual(watcher.at(91), ['raised gate x1 91-91']);
  });

  test('does not pass the threshold by adding up over a long cooldown', () => {
    const watcher = new Watcher({
      threshold: { count: 2, withinMs: 5 * minuteMs },
      cooldownMs: 60 * minuteMs,
    });
    watcher.at(0);
    assert.deepEqual(watcher.at(1), ['raised gate x2 0-1']);
    for (const minute of [10, 20, 30, 40]) watcher.at(minute);
    assert.deepEqual(watcher.tick(70), []);
  });

  test('a cooldown of one camera does not silence another', () => {
    const watcher = new Watcher({ cooldownMs: 30 * minuteMs });
    watcher.at(0);
    assert.deepEqual(watcher.at(1, 'occurred', door), ['raised door x1 1-1']);
  });

  test('a clock that is set back does not silence a rule until it has caught up', () => {
    const watcher = new Watcher({ cooldownMs: 30 * minuteMs });
    watcher.at(1000);
    assert.deepEqual(watcher.at(500), ['raised gate x1 500-500']);
  });

  test('counts within the exact time, and not a moment earlier', () => {
    const twice = { threshold: { count: 2, withinMs: 10 * minuteMs } };
    const [just, late] = [new Watcher(twice), new Watcher(twice)];
    just.at(0);
    assert.deepEqual(just.at(10), ['raised gate x2 0-10']);
    late.at(0);
    assert.deepEqual(late.at(10.1), []);
    assert.deepEqual(late.at(20.1), ['raised gate x2 10.1-20.1']);
  });

  test('reports the first and the last time, also when the clock was set back between', () => {
    const watcher = new Watcher({ threshold: { count: 2, withinMs: 10 * minuteMs } });
    watcher.at(11);
    assert.deepEqual(watcher.at(9), ['raised gate x2 9-11']);
    watcher.isQuiet = true;
    for (const minute of [30, 35, 25, 40, 28]) watcher.at(minute);
    watcher.isQuiet = false;
    assert.deepEqual(watcher.tick(50), ['raised gate x5 25-40']);
  });

  test('names the first and the last event', () => {
    const watcher = new Watcher({ threshold: { count: 2, withinMs: 10 * minuteMs } });
    watcher.isQuiet = true;
    watcher.at(0);
    watcher.at(20);
    for (const minute of [21, 22, 23]) watcher.at(minute);
    const [watch] = watcher.state.watches;
    assert.ok(watch?.kind === 'occurrence');
    const { firstSequence, lastSequence, count } = watch.group ?? {};
    assert.deepEqual([firstSequence, lastSequence, count], [2, 5, 4], 'the first was too long ago');
  });

  test('in quiet hours is reported in one alert at their end, by camera', () => {
    const watcher = new Watcher();
    watcher.isQuiet = true;
    for (const minute of [1, 2, 3]) assert.deepEqual(watcher.at(minute), []);
    assert.deepEqual(watcher.at(4, 'occurred', door), []);
    assert.deepEqual(watcher.tick(5), []);
    watcher.isQuiet = false;
    assert.deepEqual(watcher.tick(6), ['raised gate x3 1-3 door x1 4-4']);
    assert.deepEqual(watcher.tick(7), []);
    assert.deepEqual(watcher.at(8), ['raised gate x1 8-8']);
  });

  test('of a camera that is no longer configured is forgotten', () => {
    const watcher = new Watcher({ cooldownMs: 30 * minuteMs });
    watcher.at(0);
    watcher.at(1);
    watcher.tick(2, [door]);
    assert.deepEqual(watcher.tick(40), []);
    assert.deepEqual(watcher.state.watches, []);
  });
});

describe('a condition that begins and ends', () => {
  const camera = { on: 'camera-down', minimumMs: 2 * minuteMs } as const;

  test('causes an alert after its minimum time, and an all-clear at its end', () => {
    const watcher = new Watcher(camera);
    assert.deepEqual(watcher.at(0, 'began'), []);
    assert.deepEqual(watcher.tick(1.9), []);
    assert.deepEqual(watcher.tick(2), ['raised gate x1 0-']);
    assert.deepEqual(watcher.tick(3), []);
    assert.deepEqual(watcher.at(3, 'began'), [], 'it is known');
    assert.deepEqual(watcher.at(9, 'ended'), ['cleared gate x1 0-9']);
    assert.deepEqual(watcher.at(10, 'ended'), []);
  });

  test('causes no alert if it ends early', () => {
    const watcher = new Watcher(camera);
    watcher.at(0, 'began');
    assert.deepEqual(watcher.at(1, 'ended'), []);
    assert.deepEqual(watcher.tick(60), []);
  });

  test('causes no alert if only its end is known', () => {
    assert.deepEqual(new Watcher(camera).at(1, 'ended'), []);
  });

  test('is reported together with its end if both become known at once', () => {
    const watcher = new Watcher({ on: 'sealed' });
    assert.deepEqual(watcher.at(0, 'began'), ['raised gate x1 0-']);
    assert.deepEqual(watcher.at(5, 'ended'), ['cleared gate x1 0-5']);
  });

  test('gives the all-clear within the cooldown, and reports changes of that time afterwards', () => {
    const watcher = new Watcher({ ...camera, cooldownMs: 60 * minuteMs });
    watcher.at(0, 'began');
    assert.deepEqual(watcher.tick(2), ['raised gate x1 0-']);
    assert.deepEqual(watcher.at(5, 'ended'), ['cleared gate x1 0-5']);
    watcher.at(10, 'began');
    assert.deepEqual(watcher.tick(15), []);
    assert.deepEqual(watcher.at(20, 'ended'), []);
    watcher.at(30, 'began');
    assert.deepEqual(watcher.at(40, 'ended'), []);
    assert.deepEqual(watcher.tick(62), ['cleared gate x2 10-40']);
    assert.deepEqual(watcher.tick(200), []);
  });

  test('that begins again in the cooldown is reported after it, if it still lasts', () => {
    const watcher = new Watcher({ ...camera, cooldownMs: 60 * minuteMs });
    watcher.at(0, 'began');
    watcher.tick(2);
    watcher.at(5, 'ended');
    watcher.at(10, 'began');
    assert.deepEqual(watcher.tick(61), []);
    assert.deepEqual(watcher.tick(62), ['raised gate x1 10-']);
    assert.deepEqual(watcher.at(70, 'ended'), ['cleared gate x1 10-70']);
  });

  test('that lasts exactly the minimum time causes an alert, also when the clock was set back', () => {
    const just = new Watcher(camera);
    just.at(0, 'began');
    assert.deepEqual(just.at(2, 'ended'), ['cleared gate x1 0-2']);
    const back = new Watcher(camera);
    back.at(1000, 'began');
    assert.deepEqual(back.tick(999), []);
    assert.deepEqual(back.tick(500), ['raised gate x1 1000-']);
    const over = new Watcher(camera);
    over.at(1000, 'began');
    assert.deepEqual(over.at(500, 'ended'), ['cleared gate x1 1000-500']);
  });

  test('that begins several times before an alert is one part, and an all-clear if it was reported', () => {
    const watcher = new Watcher({ ...camera, cooldownMs: 60 * minuteMs });
    watcher.at(0, 'began');
    assert.deepEqual(watcher.tick(2), ['raised gate x1 0-']);
    watcher.isQuiet = true;
    watcher.at(10, 'ended');
    watcher.at(20, 'began');
    watcher.at(30, 'ended');
    const [watch] = watcher.state.watches;
    assert.ok(watch?.kind === 'condition');
    assert.deepEqual([watch.past?.firstSequence, watch.past?.lastSequence], [1, 4]);
    watcher.isQuiet = false;
    assert.deepEqual(watcher.tick(31), ['cleared gate x2 0-30'], 'it does not wait for the cooldown');
    watcher.at(40, 'began');
    assert.deepEqual(watcher.tick(61.9), []);
    assert.deepEqual(watcher.tick(62), ['raised gate x1 40-'], 'nor does it begin another cooldown');
  });

  test('that is first reported after its end begins a cooldown', () => {
    const watcher = new Watcher({ ...camera, cooldownMs: 60 * minuteMs });
    watcher.at(0, 'began');
    assert.deepEqual(watcher.at(5, 'ended'), ['cleared gate x1 0-5']);
    watcher.at(10, 'began');
    assert.deepEqual(watcher.tick(64.9), []);
    assert.deepEqual(watcher.tick(65), ['raised gate x1 10-']);
  });

  test('in quiet hours is in one alert with ended, earlier reported and lasting ones', () => {
    const watcher = new Watcher(camera);
    watcher.at(0, 'began');
    assert.deepEqual(watcher.tick(2), ['raised gate x1 0-']);
    watcher.isQuiet = true;
    assert.deepEqual(watcher.at(10, 'ended'), []);
    assert.deepEqual(watcher.at(20, 'began', door), []);
    assert.deepEqual(watcher.tick(100), []);
    watcher.isQuiet = false;
    assert.deepEqual(watcher.tick(101), ['raised gate x1 0-10 door x1 20-']);
    assert.deepEqual(watcher.at(110, 'ended', door), ['cleared door x1 20-110']);
  });

  test('that ended within quiet hours is reported as ended', () => {
    const watcher = new Watcher(camera);
    watcher.isQuiet = true;
    watcher.at(0, 'began');
    watcher.at(10, 'ended');
    watcher.isQuiet = false;
    assert.deepEqual(watcher.tick(20), ['cleared gate x1 0-10']);
  });
});

describe('what a rule remembers', () => {
  test('stays the same object without a change, so that nothing is written', () => {
    const rule = ruleOf({ cooldownMs: 30 * minuteMs });
    const signal = {
      kind: 'occurred',
      on: 'unknown',
      cameraId: gate,
      atMs: 0,
      code: null,
      sequence: 1,
    } as const;
    const moment = { nowMs: 0, isQuiet: false };
    const { state } = nextRuleState(rule, initialRuleState(rule), { kind: 'signal', signal }, moment);
    const cameras = new Set([gate]);
    const later = nextRuleState(rule, state, { kind: 'tick', cameras }, { nowMs: minuteMs, isQuiet: false });
    assert.equal(later.state, state);
    const quiet = nextRuleState(rule, state, { kind: 'tick', cameras }, { nowMs: minuteMs, isQuiet: true });
    assert.equal(quiet.state, state);
  });
});

describe('a condition that becomes worse', () => {
  const conditionAt = (
    minute: number,
    kind: 'began' | 'worsened' | 'eased' | 'ended',
    about: readonly string[],
  ) =>
    ({
      ...{ kind, on: 'topic-refused', cameraId: null, atMs: minute * minuteMs, code: null },
      ...{ about, sequence: minute },
    }) as const satisfies AlertSignal;

  /** Everything that a rule says of these signals and of the minutes given with them. */
  function told(changes: Partial<AlertRule>, steps: readonly (AlertSignal | number)[]): readonly string[] {
    const rule = ruleOf({ on: 'topic-refused', ...changes });
    let state = initialRuleState(rule);
    return steps.flatMap((step) => {
      const nowMs = typeof step === 'number' ? step * minuteMs : step.atMs;
      const input =
        typeof step === 'number'
          ? ({ kind: 'tick', cameras: new Set<never>() } as const)
          : ({ kind: 'signal', signal: step } as const);
      const next = nextRuleState(rule, JSON.parse(JSON.stringify(state)), input, { nowMs, isQuiet: false });
      state = next.state;
      return next.alerts.map(
        ({ phase, parts: [part] }) =>
          `${nowMs / minuteMs} ${phase} ${part?.isWorse ? 'worse ' : ''}${part?.about}`,
      );
    });
  }
  const [began, worse] = [conditionAt(0, 'began', ['a']), conditionAt(1, 'worsened', ['a', 'b'])];

  test('is reported again once, and its end names all items', () => {
    assert.deepEqual(told({}, [began, worse, 2, conditionAt(3, 'ended', [])]), [
      '0 raised a',
      '1 raised worse a,b',
      '3 cleared a,b',
    ]);
  });

  test('waits for the cooldown, and its end does not', () => {
    const cooldownMs = 10 * minuteMs;
    assert.deepEqual(told({ cooldownMs }, [began, worse, 9, 10, 20]), ['0 raised a', '10 raised worse a,b']);
    const ended = conditionAt(2, 'ended', []);
    assert.deepEqual(told({ cooldownMs }, [began, worse, ended, 20]), ['0 raised a', '2 cleared a,b']);
  });

  test('before its minimum time is reported with it', () => {
    assert.deepEqual(told({ minimumMs: 5 * minuteMs }, [began, worse, 5, 6]), ['5 raised a,b']);
  });

  test('is reported if the rule is newer than the condition; an improvement is not', () => {
    assert.deepEqual(told({}, [worse, conditionAt(2, 'eased', ['b']), conditionAt(3, 'ended', [])]), [
      '1 raised a,b',
      '3 cleared b',
    ]);
    assert.deepEqual(told({}, [conditionAt(2, 'eased', ['b']), 3]), []);
  });
});
