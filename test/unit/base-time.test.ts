import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Bell } from '../../daemon/kernel/bell.js';
import { sleep } from '../../daemon/kernel/clock.js';
import { raceTimeout } from '../../daemon/kernel/race-timeout.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { jitteredWaitMs, RetrySchedule } from '../../daemon/kernel/retry.js';
import { TokenBucket } from '../../daemon/kernel/token-bucket.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { CountedTimers } from '../support/counted-timers.js';

/** Whether a promise has settled by now, without time on any clock passing. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  const turn = new Promise((resolve) => setImmediate(() => resolve(pending)));
  return (await Promise.race([promise.catch(() => undefined), turn])) !== pending;
}

describe('virtual clock', () => {
  test('fires timers in order of their due time, also those set by a timer', () => {
    const clock = new VirtualClock(1_000);
    const fired: string[] = [];
    clock.after(30, () => fired.push(`c@${clock.monotonicMs()}`));
    clock.after(10, () => {
      fired.push(`a@${clock.monotonicMs()}`);
      clock.after(5, () => fired.push(`b@${clock.monotonicMs()}`));
    });
    clock.after(20, () => fired.push('cancelled')).cancel();
    clock.advanceTo(100);
    assert.deepEqual(fired, ['a@10', 'b@15', 'c@30']);
    assert.equal(clock.wallMs(), 1_100);
  });

  test('fires timers that are due at one time in the order in which they were set', () => {
    const clock = new VirtualClock();
    const fired: string[] = [];
    for (const name of ['a', 'b', 'c']) clock.after(10, () => fired.push(name));
    clock.after(-5, () => fired.push('at once'));
    clock.advanceTo(10);
    assert.deepEqual(fired, ['at once', 'a', 'b', 'c']);
  });

  test('never goes backwards', () => {
    const clock = new VirtualClock();
    clock.advanceTo(50);
    clock.advanceTo(20);
    assert.equal(clock.monotonicMs(), 50);
    clock.after(-20, () => assert.equal(clock.monotonicMs(), 50));
    clock.advanceBy(0);
    assert.equal(clock.monotonicMs(), 50);
  });

  test('begins at zero, and its wall clock at the given time', () => {
    const clock = new VirtualClock();
    assert.deepEqual([clock.monotonicMs(), clock.wallMs()], [0, 0]);
    const later = new VirtualClock(1_000);
    assert.deepEqual([later.monotonicMs(), later.wallMs()], [0, 1_000]);
  });

  test('leaves alone what is due a moment later', () => {
    const clock = new VirtualClock();
    const fired: number[] = [];
    clock.after(10, () => fired.push(clock.monotonicMs()));
    clock.advanceTo(9.5);
    assert.deepEqual(fired, []);
    clock.advanceTo(20);
    clock.advanceTo(40);
    assert.deepEqual(fired, [10], 'and fires once');
  });
});

describe('bell', () => {
  const start = () => {
    const clock = new CountedTimers();
    const abort = new AbortController();
    return { clock, abort, bell: new Bell(clock, abort.signal) };
  };

  test('wakes the waiter at a ring, and leaves no timer', async () => {
    const { clock, bell } = start();
    const waiting = bell.wait(1_000);
    assert.equal(await isSettled(waiting), false);
    bell.ring();
    await waiting;
    assert.equal(clock.timers, 0);
  });

  test('ends a wait at once when it rang before, but only one wait', async () => {
    const { bell } = start();
    bell.ring();
    bell.ring();
    await bell.wait(1_000);
    assert.equal(await isSettled(bell.wait(1_000)), false);
  });

  test('ends a wait that a ring has woken without ending the next one', async () => {
    const { bell } = start();
    const first = bell.wait(1_000);
    bell.ring();
    await first;
    assert.equal(await isSettled(bell.wait(1_000)), false);
  });

  test('ends a wait after its time, also when that is over already', async () => {
    const { clock, bell } = start();
    const waiting = bell.wait(1_000);
    clock.advanceBy(999);
    assert.equal(await isSettled(waiting), false);
    clock.advanceBy(1);
    await waiting;
    const late = bell.wait(-5);
    clock.advanceBy(0);
    await late;
  });

  test('never asks a clock for a time below zero', () => {
    const asked: number[] = [];
    const after = (delayMs: number) => {
      asked.push(delayMs);
      return { cancel: () => undefined };
    };
    const clock = { monotonicMs: () => 0, wallMs: () => 0, after };
    void new Bell(clock, new AbortController().signal).wait(-5);
    assert.deepEqual(asked, [0]);
  });

  test('ends a wait when its signal aborts, and all later ones at once', async () => {
    const { clock, abort, bell } = start();
    const waiting = bell.wait(1_000);
    abort.abort();
    await waiting;
    assert.equal(clock.timers, 0);
    await bell.wait(1_000);
    assert.equal(clock.timers, 0);
  });

  test('does not gather listeners of the signal, however often somebody waits', async () => {
    const { abort, bell } = start();
    for (let round = 0; round < 3; round += 1) {
      const waiting = bell.wait(1_000);
      assert.equal(getEventListeners(abort.signal, 'abort').length, 1);
      bell.ring();
      await waiting;
    }
    assert.equal(getEventListeners(abort.signal, 'abort').length, 0);
  });
});

describe('a race against a time limit', () => {
  test('has the result, or the failure, of what ends in time, and leaves no timer', async () => {
    const clock = new CountedTimers();
    assert.equal(await raceTimeout(clock, 100, Promise.resolve('done')), 'done');
    await assert.rejects(raceTimeout(clock, 100, Promise.reject(new Error('broken'))), /broken/);
    assert.equal(clock.timers, 0);
  });

  test('is late at the limit, not before', async () => {
    const clock = new CountedTimers();
    const race = raceTimeout(clock, 100, new Promise<never>(() => undefined));
    clock.advanceBy(99);
    assert.equal(await isSettled(race), false);
    clock.advanceBy(1);
    assert.equal(await race, 'late');
  });
});

describe('allowance', () => {
  const take = (allowance: TokenBucket, times: number): readonly boolean[] =>
    Array.from({ length: times }, () => allowance.take());

  test('lets the largest burst through, then one more after each interval', () => {
    const clock = new VirtualClock();
    const allowance = new TokenBucket(clock, { most: 3, everyMs: 100 });
    assert.deepEqual(take(allowance, 4), [true, true, true, false]);
    clock.advanceBy(99);
    assert.deepEqual(take(allowance, 1), [false]);
    clock.advanceBy(1);
    assert.deepEqual(take(allowance, 2), [true, false]);
    clock.advanceBy(250);
    assert.deepEqual(take(allowance, 3), [true, true, false]);
    clock.advanceBy(50);
    assert.deepEqual(take(allowance, 1), [true], 'half of an interval was left over');
  });

  test('is never above the largest burst, however long nobody took', () => {
    const clock = new VirtualClock();
    clock.advanceBy(500);
    const allowance = new TokenBucket(clock, { most: 2, everyMs: 100 });
    clock.advanceBy(100_000);
    assert.deepEqual(take(allowance, 3), [true, true, false]);
  });

  test('begins with the largest burst on a clock that began long before', () => {
    const clock = new VirtualClock();
    clock.advanceBy(1_000);
    const allowance = new TokenBucket(clock, { most: 1, everyMs: 100 });
    assert.deepEqual(take(allowance, 2), [true, false]);
  });

  test('gives out a larger amount whole or not at all', () => {
    const allowance = new TokenBucket(new VirtualClock(), { most: 5, everyMs: 100 });
    assert.equal(allowance.take(6), false);
    assert.equal(allowance.take(3), true);
    assert.equal(allowance.take(3), false);
    assert.equal(allowance.take(2), true);
    assert.equal(allowance.takeRefused(), 2);
  });

  test('counts refusals until somebody asks', () => {
    const allowance = new TokenBucket(new VirtualClock(), { most: 1, everyMs: 100 });
    assert.equal(allowance.takeRefused(), 0);
    take(allowance, 3);
    assert.equal(allowance.takeRefused(), 2);
    assert.equal(allowance.takeRefused(), 0);
  });
});

describe('sleep', () => {
  test('ends when the time has come', async () => {
    const clock = new VirtualClock();
    const waiting = sleep(clock, 100);
    clock.advanceBy(99);
    assert.equal(await isSettled(waiting), false);
    clock.advanceBy(1);
    await waiting;
  });

  test('no longer listens to the signal when it has ended', async () => {
    const clock = new CountedTimers();
    const abort = new AbortController();
    const waiting = sleep(clock, 100, abort.signal);
    assert.equal(getEventListeners(abort.signal, 'abort').length, 1);
    clock.advanceBy(100);
    await waiting;
    assert.equal(getEventListeners(abort.signal, 'abort').length, 0);
  });

  test('rejects with the reason of an abort and leaves no timer', async () => {
    const clock = new CountedTimers();
    const abort = new AbortController();
    const waiting = sleep(clock, 100, abort.signal);
    abort.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
    assert.equal(clock.timers, 0);
    assert.equal(getEventListeners(abort.signal, 'abort').length, 0);
    await assert.rejects(sleep(clock, 1, abort.signal), /enough/);
    assert.equal(clock.timers, 0, 'nor does one that begins after the abort');
  });
});

describe('retry schedule', () => {
  const policy = { baseMs: 100, capMs: 5_000, sustainedMs: 10_000 };

  test('every wait lies within the growing bound and never over the cap', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 60 }), (seed, failures) => {
        const retry = new RetrySchedule(policy, new VirtualClock(), seededRandom(seed));
        for (let failure = 0; failure < failures; failure += 1) {
          const waitMs = retry.failed();
          assert.ok(waitMs >= 0 && waitMs <= Math.min(policy.capMs, policy.baseMs * 2 ** failure));
        }
        assert.equal(retry.failures, failures);
      }),
    );
  });

  test('the bound doubles with each failure up to the cap', () => {
    const longest = { unit: () => 1 };
    const retry = new RetrySchedule(policy, new VirtualClock(), longest);
    const waits = Array.from({ length: 8 }, () => retry.failed());
    assert.deepEqual(waits, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
    assert.equal(jitteredWaitMs(policy, 2, { unit: () => 0.25 }), 100);
    assert.equal(jitteredWaitMs(policy, 100_000, longest), policy.capMs, 'after any number of failures');
  });

  test('progress counts from its beginning after the last failure', () => {
    const clock = new VirtualClock();
    const retry = new RetrySchedule(policy, clock, { unit: () => 0 });
    retry.failed();
    retry.progressed();
    clock.advanceBy(policy.sustainedMs - 1);
    retry.progressed();
    assert.equal(retry.failures, 1, 'a moment too short');
    retry.failed();
    clock.advanceBy(1);
    retry.progressed();
    assert.equal(retry.failures, 2, 'it begins anew');
    clock.advanceBy(policy.sustainedMs);
    retry.progressed();
    assert.equal(retry.failures, 0);
  });

  test('a connection that ends immediately does not start the schedule over', () => {
    const clock = new VirtualClock();
    const retry = new RetrySchedule(policy, clock, { unit: () => 0.999 });
    for (let round = 0; round < 10; round += 1) {
      retry.progressed();
      clock.advanceBy(500);
      retry.progressed();
      retry.failed();
    }
    assert.equal(retry.failures, 10);
  });

  test('sustained progress does', () => {
    const clock = new VirtualClock();
    const retry = new RetrySchedule(policy, clock, { unit: () => 0.999 });
    retry.failed();
    retry.failed();
    retry.progressed();
    clock.advanceBy(policy.sustainedMs);
    retry.progressed();
    assert.equal(retry.failures, 0);
    assert.ok(retry.failed() <= policy.baseMs);
  });
});
