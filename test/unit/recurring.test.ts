import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { Recurring } from '../../daemon/kernel/recurring.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

const everyMs = 1000;

/** Work that runs until a test ends it, with or without an error. */
function openWork() {
  const clock = new VirtualClock();
  const signals: AbortSignal[] = [];
  const failures: unknown[] = [];
  let end: (error?: Error) => void = () => undefined;
  const recurring = new Recurring({
    clock,
    everyMs,
    work(signal) {
      signals.push(signal);
      return new Promise((resolve, reject) => {
        end = (error) => (error === undefined ? resolve() : reject(error));
      });
    },
    onFailure: (error) => void failures.push(error),
  });
  return {
    clock,
    recurring,
    signals,
    failures,
    async endTurn(error?: Error) {
      end(error);
      await recurring.settled();
    },
  };
}

test('the first run begins immediately, each next one after the interval: never two at a time', async () => {
  const { clock, recurring, signals, endTurn } = openWork();
  assert.equal(signals.length, 0, 'not before it is started');
  recurring.start().start();
  assert.equal(signals.length, 1);
  clock.advanceBy(10 * everyMs);
  assert.equal(signals.length, 1, 'the first is still under way');
  await endTurn();
  clock.advanceBy(everyMs - 1);
  assert.equal(signals.length, 1);
  clock.advanceBy(1);
  assert.equal(signals.length, 2);
});

test('of successive failures only the first is reported', async () => {
  const { clock, recurring, failures, endTurn } = openWork();
  recurring.start();
  for (const failure of ['a', 'b', undefined, 'c']) {
    await endTurn(failure === undefined ? undefined : new Error(failure));
    clock.advanceBy(everyMs);
  }
  assert.deepEqual(failures, [new Error('a'), new Error('c')]);
});

test('work that ends in the same moment or throws also counts as a run', async () => {
  const clock = new VirtualClock();
  let turns = 0;
  await using recurring = new Recurring({
    clock,
    everyMs,
    work() {
      turns += 1;
      if (turns === 1) throw new Error('at once');
    },
    onFailure: (error) => assert.deepEqual(error, new Error('at once')),
  }).start();
  await recurring.settled();
  clock.advanceBy(everyMs);
  assert.equal(turns, 2);
});

test('disposal aborts the current run and waits for it', async () => {
  const { clock, recurring, signals, endTurn } = openWork();
  recurring.start();
  let hasEnded = false;
  const ending = recurring[Symbol.asyncDispose]().then(() => {
    hasEnded = true;
  });
  assert.equal(signals[0]?.aborted, true);
  assert.ok(isRollcallError(signals[0].reason, 'shutting-down'), 'and tells why');
  await Promise.resolve();
  assert.equal(hasEnded, false);
  await endTurn();
  await ending;
  clock.advanceBy(10 * everyMs);
  recurring.start();
  assert.equal(signals.length, 1);
});

test('no run takes place after disposal, also without a start', async () => {
  const { clock, recurring, signals, endTurn } = openWork();
  recurring.start();
  await endTurn();
  await recurring[Symbol.asyncDispose]();
  clock.advanceBy(10 * everyMs);
  assert.equal(signals.length, 1);
  const other = openWork();
  await other.recurring[Symbol.asyncDispose]();
  other.recurring.start();
  assert.equal(other.signals.length, 0);
});

test('is settled when the current run has ended, not before', async () => {
  const order: string[] = [];
  await using recurring = new Recurring({
    ...{ clock: new VirtualClock(), everyMs, onFailure: (error) => assert.ifError(error) },
    async work() {
      await new Promise((resolve) => setImmediate(resolve));
      order.push('run');
    },
  });
  await recurring.settled();
  assert.deepEqual(order, [], 'nothing runs before it is started');
  recurring.start();
  await recurring.settled();
  assert.deepEqual(order, ['run']);
});
