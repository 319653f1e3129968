import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { sleep } from '../../daemon/base/clock.js';
import { seededRandom } from '../../daemon/base/random.js';
import { RetrySchedule } from '../../daemon/base/retry.js';
import { VirtualClock } from '../../daemon/base/virtual-clock.js';

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
  });
});

describe('sleep', () => {
  test('ends when the time has come', async () => {
    const clock = new VirtualClock();
    const waiting = sleep(clock, 100);
    clock.advanceBy(100);
    await waiting;
  });

  test('rejects with the reason of an abort and leaves no timer', async () => {
    const clock = new VirtualClock();
    const abort = new AbortController();
    const waiting = sleep(clock, 100, abort.signal);
    abort.abort(new Error('enough'));
    await assert.rejects(waiting, /enough/);
    clock.advanceBy(1_000);
    await assert.rejects(sleep(clock, 1, abort.signal), /enough/);
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
