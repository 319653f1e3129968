import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DropOldestQueue } from '../../daemon/base/bounded-queue.js';
import { isRollcallError } from '../../daemon/base/errors.js';
import { LatestSlot } from '../../daemon/base/latest-slot.js';
import { Lifetime } from '../../daemon/base/lifetime.js';
import { VirtualClock } from '../../daemon/base/virtual-clock.js';

describe('latest slot', () => {
  test('keeps the newest; a replaced item is released and counted, a taken one is not', () => {
    const released: number[] = [];
    const slot = new LatestSlot<number>((item) => released.push(item));
    slot.put(1);
    slot.put(2);
    slot.put(3);
    assert.equal(slot.take(), 3);
    assert.equal(slot.take(), undefined);
    assert.deepEqual(released, [1, 2]);
    assert.equal(slot.dropped, 2);
    slot.put(4);
    slot.clear();
    assert.deepEqual(released, [1, 2, 4]);
    assert.equal(slot.dropped, 2);
  });
});

describe('drop-oldest queue', () => {
  test('keeps the newest items in order and counts the lost ones', () => {
    const queue = new DropOldestQueue<number>(2);
    for (const item of [1, 2, 3, 4]) queue.push(item);
    assert.equal(queue.dropped, 2);
    assert.deepEqual([queue.shift(), queue.shift(), queue.shift()], [3, 4, undefined]);
  });
});

describe('lifetime', () => {
  test('disposes in reverse order, once, after aborting its signal', async () => {
    const lifetime = new Lifetime(new VirtualClock());
    const order: string[] = [];
    lifetime.signal.addEventListener('abort', () => order.push('signal'));
    lifetime.defer('first', () => void order.push('first'));
    lifetime.defer('second', async () => void order.push('second'));
    await Promise.all([lifetime[Symbol.asyncDispose](), lifetime[Symbol.asyncDispose]()]);
    assert.deepEqual(order, ['signal', 'second', 'first']);
  });

  test('leaves no timer behind when everything ended in time', async () => {
    let pending = 0;
    const lifetime = new Lifetime({
      monotonicMs: () => 0,
      wallMs: () => 0,
      after: () => {
        pending += 1;
        return {
          cancel: () => {
            pending -= 1;
          },
        };
      },
    });
    await lifetime[Symbol.asyncDispose]();
    assert.equal(pending, 0);
  });

  test('continues after a failure and reports it at the end', async () => {
    const lifetime = new Lifetime(new VirtualClock());
    const order: string[] = [];
    lifetime.defer('kept', () => void order.push('kept'));
    lifetime.defer('broken', () => {
      throw new Error('cannot close');
    });
    await assert.rejects(
      () => lifetime[Symbol.asyncDispose]() as Promise<void>,
      (error: AggregateError) => error.errors.length === 1 && /cannot close/.test(String(error.errors[0])),
    );
    assert.deepEqual(order, ['kept']);
  });

  test('waits ten seconds by default', async () => {
    const clock = new VirtualClock();
    const lifetime = new Lifetime(clock);
    let end: () => void = () => undefined;
    lifetime.defer('slow', () => new Promise<void>((resolve) => (end = resolve)));
    const ending = lifetime[Symbol.asyncDispose]();
    clock.advanceBy(9_999);
    end();
    await ending;
    const stuck = new Lifetime(clock);
    stuck.defer('stuck', () => new Promise<void>(() => undefined));
    const failing = stuck[Symbol.asyncDispose]();
    clock.advanceBy(10_000);
    await assert.rejects(() => failing as Promise<void>, /after 10000 ms: stuck/);
  });

  test('names what has not ended by the deadline', async () => {
    const clock = new VirtualClock();
    const lifetime = new Lifetime(clock, 1_000);
    lifetime.defer('stuck camera', () => new Promise<void>(() => undefined));
    const ending = lifetime[Symbol.asyncDispose]();
    clock.advanceBy(1_000);
    await assert.rejects(
      () => ending as Promise<void>,
      (error) => isRollcallError(error, 'shutdown-deadline') && /stuck camera/.test(error.message),
    );
  });
});
