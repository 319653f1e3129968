import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DropOldestQueue } from '../../daemon/kernel/bounded-queue.js';
import { DurationHistogram } from '../../daemon/kernel/duration-histogram.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { LatestSlot } from '../../daemon/kernel/latest-slot.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

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
    assert.equal(queue.length, 2);
    assert.deepEqual(queue.toArray(), [3, 4]);
    assert.deepEqual([queue.shift(), queue.shift(), queue.shift()], [3, 4, undefined]);
  });
});

describe('duration histogram', () => {
  test('counts a duration under the first bound that it does not exceed, and adds all up', () => {
    const histogram = new DurationHistogram([0.1, 1]);
    for (const durationS of [0.1, 0.25, 1, 1.5, 3]) histogram.observe(durationS);
    assert.deepEqual(histogram.counts, { boundsS: [0.1, 1], counts: [1, 2, 2], sumS: 5.85 });
  });

  test('counts nothing before the first duration, and its counts do not change afterwards', () => {
    const histogram = new DurationHistogram([1, 2, 3]);
    const before = histogram.counts;
    histogram.observe(2);
    assert.deepEqual(before, { boundsS: [1, 2, 3], counts: [0, 0, 0, 0], sumS: 0 });
  });
});

describe('lifetime', () => {
  test('takes over a resource and disposes it at the end', async () => {
    const lifetime = new Lifetime(new VirtualClock());
    const order: string[] = [];
    const resource = { [Symbol.asyncDispose]: async () => void order.push('resource') };
    assert.equal(lifetime.use('resource', resource), resource);
    lifetime.defer('later', () => void order.push('later'));
    assert.deepEqual(order, []);
    await lifetime[Symbol.asyncDispose]();
    assert.deepEqual(order, ['later', 'resource']);
  });

  test('tells what it stops why it stops', async () => {
    const lifetime = new Lifetime(new VirtualClock());
    await lifetime[Symbol.asyncDispose]();
    assert.ok(isRollcallError(lifetime.signal.reason, 'shutting-down'));
  });

  test('waits for each resource before it disposes the one that was there earlier', async () => {
    const lifetime = new Lifetime(new VirtualClock());
    const order: string[] = [];
    lifetime.defer('earlier', () => void order.push('earlier'));
    lifetime.defer('slow', async () => {
      await new Promise((resolve) => setImmediate(resolve));
      order.push('slow');
    });
    await lifetime[Symbol.asyncDispose]();
    assert.deepEqual(order, ['slow', 'earlier']);
  });

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

  test('begins all disposals after the deadline too, and names all that do not end', async () => {
    const clock = new VirtualClock();
    const lifetime = new Lifetime(clock, 1_000);
    const begun: string[] = [];
    for (const name of ['first', 'second', 'third']) {
      lifetime.defer(name, () => {
        begun.push(name);
        return name === 'second' ? undefined : new Promise<void>(() => undefined);
      });
    }
    const ending = lifetime[Symbol.asyncDispose]();
    clock.advanceBy(1_000);
    await assert.rejects(
      () => ending as Promise<void>,
      (error) =>
        isRollcallError(error, 'shutdown-deadline') && /1000 ms: third, .*first$/.test(error.message),
    );
    assert.deepEqual(begun, ['third', 'second', 'first']);
  });
});
