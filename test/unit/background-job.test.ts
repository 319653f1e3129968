import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { BackgroundJob, RetriedSteps } from '../../daemon/core/gallery/background-job.js';
import { operational } from '../../daemon/kernel/errors.js';
import { type Logger, silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

const stopped = operational('stopped', 'the job was stopped');
const diskFull = operational('disk-full', 'the disk is full', { retryable: true });

describe('a background job', () => {
  test('shows the progress of its run, and none before and after', async () => {
    await using job = new BackgroundJob<number>(stopped);
    assert.equal(job.isRunning, false);
    const result = await job.run(async (_signal, report) => {
      report(1);
      assert.equal(job.progress, 1);
      await nextTurn();
      assert.equal(job.isRunning, true);
      return 'done';
    });
    assert.equal(result, 'done');
    assert.equal(job.isRunning, false);
    assert.equal(job.progress, undefined);
  });

  test('passes an error of its run on and can run again', async () => {
    await using job = new BackgroundJob(stopped);
    await assert.rejects(() => job.run(() => Promise.reject(diskFull)), diskFull);
    assert.equal(await job.run(async () => 'again'), 'again');
  });

  test('disposal aborts the run and waits for its end', async () => {
    const job = new BackgroundJob(stopped);
    let hasEnded = false;
    const run = job.run(async (signal) => {
      while (!signal.aborted) await nextTurn();
      await nextTurn();
      hasEnded = true;
      signal.throwIfAborted();
    });
    const rejected = assert.rejects(run, stopped);
    await job[Symbol.asyncDispose]();
    assert.ok(hasEnded);
    await rejected;
  });
});

describe('repeated steps', () => {
  function stepsWith(outcomes: readonly (Error | boolean)[]) {
    const clock = new VirtualClock();
    const logged: string[] = [];
    const logger: Logger = {
      ...silentLogger,
      warn: (message) => void logged.push(message),
      error: (message) => void logged.push(message),
    };
    const steps = new RetriedSteps({
      name: 'test',
      failureCode: 'rotation-failed',
      path: 'gallery.db',
      clock,
      logger,
    });
    const abort = new AbortController();
    const triedAtMs: number[] = [];
    const left = [...outcomes];
    const ended = steps.run(abort.signal, async () => {
      triedAtMs.push(clock.monotonicMs());
      const outcome = left.shift() ?? true;
      if (outcome instanceof Error) throw outcome;
      return outcome;
    });
    const advance = async (byMs: number): Promise<void> => {
      await nextTurn();
      await nextTurn();
      clock.advanceBy(byMs);
    };
    return { steps, abort, logged, triedAtMs, ended, advance };
  }

  test('run until one is the last', async () => {
    const { steps, triedAtMs, ended } = stepsWith([false, false, true]);
    assert.equal(await ended, 'finished');
    assert.equal(triedAtMs.length, 3);
    assert.equal(steps.problem, undefined);
  });

  test('wait longer after each failure, and briefly again after a success', async () => {
    const { steps, triedAtMs, ended, advance, logged } = stepsWith([diskFull, diskFull, false, diskFull]);
    await advance(1000);
    assert.equal(steps.isWaiting, true);
    assert.equal(steps.problem, diskFull);
    await advance(1999);
    await nextTurn();
    assert.deepEqual(triedAtMs, [0, 1000], 'the second wait is twice the first');
    await advance(1);
    await nextTurn();
    await advance(1000);
    assert.equal(await ended, 'finished');
    assert.deepEqual(triedAtMs, [0, 1000, 3000, 3000, 4000]);
    assert.equal(steps.isWaiting, false);
    assert.equal(steps.problem, undefined);
    assert.deepEqual(logged, ['test waits', 'test waits'], 'one line until the problem has gone');
  });

  test('wait briefly again after a long step that reports progress and then fails', async () => {
    const { steps, triedAtMs, ended, advance } = stepsWith([diskFull, diskFull, diskFull]);
    await advance(1000);
    await advance(0);
    steps.clearProblem();
    await advance(2000);
    await advance(1000);
    assert.equal(await ended, 'finished');
    assert.deepEqual(triedAtMs, [0, 1000, 3000, 4000]);
  });

  test('never wait longer than a minute', async () => {
    const { triedAtMs, ended, advance } = stepsWith(Array.from({ length: 9 }, () => diskFull));
    for (let second = 1; second <= 64; second *= 2) await advance(Math.min(second, 60) * 1000);
    await advance(60_000);
    await advance(60_000);
    assert.equal(await ended, 'finished');
    assert.deepEqual(
      triedAtMs.map((atMs) => atMs / 1000),
      [0, 1, 3, 7, 15, 31, 63, 123, 183, 243],
    );
  });

  test('end at an error that another try cannot solve', async () => {
    const { steps, ended, logged } = stepsWith([false, new Error('surprise')]);
    assert.equal(await ended, 'failed');
    assert.equal(steps.problem?.code, 'rotation-failed');
    assert.equal(steps.isWaiting, false);
    assert.deepEqual(logged, ['test failed']);
  });

  test('stop when they are aborted, also while they wait', async () => {
    const { abort, ended, advance } = stepsWith([diskFull]);
    await advance(0);
    abort.abort(stopped);
    assert.equal(await ended, 'stopped');
  });
});
