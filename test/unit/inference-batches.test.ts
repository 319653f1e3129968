import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { Batches, batchSizesFor, type Outputs, type RunMade } from '../../daemon/vision/inference/batches.js';

/** Gives twice every number, as two outputs, and the sum of each item. */
async function double(data: Float32Array, [items = 0]: readonly number[]): Promise<Outputs> {
  const perItem = data.length / items;
  const sums = Float32Array.from({ length: items }, (_, item) =>
    data.subarray(item * perItem, (item + 1) * perItem).reduce((a, b) => a + b, 0),
  );
  return { doubled: data.map((value) => 2 * value), sums };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('batches', () => {
  test('give each call what it would get alone, whatever comes together', async () => {
    const random = seededRandom(3);
    const upTo = (most: number): number => 1 + Math.floor(random.unit() * most);
    const made: RunMade[] = [];
    const batches = new Batches(
      async (data, dims) => {
        await turn();
        return double(data, dims);
      },
      (run) => made.push(run),
    );
    const calls: Promise<void>[] = [];
    for (let call = 0; call < 200; call++) {
      const dims = [upTo(5), 3, upTo(2)];
      const data = Float32Array.from({ length: dims.reduce((a, b) => a * b) }, () =>
        Math.fround(random.unit()),
      );
      const expected = await double(data, dims);
      calls.push(batches.run(data, dims).then((outputs) => assert.deepEqual({ ...outputs }, expected)));
      if (random.unit() < 0.3) await turn();
    }
    await Promise.all(calls);
    assert.equal(
      made.reduce((sum, run) => sum + run.calls, 0),
      200,
    );
    assert.ok(made.length < 200, 'some calls share a run');
    assert.ok(made.every(({ size, items }) => [1, 4, 16, 64].includes(size) && items <= size));
  });

  test('join the calls that come during a run, and leave none waiting for others', async () => {
    const made: RunMade[] = [];
    let finish = (): void => undefined;
    const batches = new Batches(
      async (data, dims) => {
        await new Promise<void>((resolve) => {
          finish = resolve;
        });
        return double(data, dims);
      },
      (run) => made.push(run),
    );
    const one = new Float32Array(2);
    const alone = batches.run(one, [1, 2]);
    await turn();
    const later = [1, 2, 3].map(() => batches.run(one, [1, 2]));
    await turn();
    finish();
    await alone;
    await turn();
    await turn();
    finish();
    await Promise.all(later);
    assert.deepEqual(made, [
      { calls: 1, items: 1, size: 1 },
      { calls: 3, items: 3, size: 4 },
    ]);
  });

  test('keep apart inputs of different shapes, oldest first', async () => {
    const shapes: string[] = [];
    const batches = new Batches(async (data, dims) => {
      shapes.push(dims.join('x'));
      return double(data, dims);
    });
    const run = (...dims: number[]) => batches.run(new Float32Array(dims.reduce((a, b) => a * b)), dims);
    await Promise.all([run(1, 6), run(1, 2, 3), run(2, 6), run(1, 2, 3)]);
    assert.deepEqual(shapes, ['4x6', '4x2x3']);
  });

  test('stay within the memory for inputs', async () => {
    assert.deepEqual(batchSizesFor(3 * 192 * 192), [1, 4, 16, 64]);
    assert.deepEqual(batchSizesFor(3 * 544 * 960), [1, 4]);
    assert.deepEqual(batchSizesFor(3 * 4000 * 4000), [1]);
    const sizes: number[] = [];
    const batches = new Batches(async (data, dims) => {
      sizes.push(dims[0] ?? 0);
      return double(data, dims);
    });
    const large = 2 * 1024 * 1024;
    await Promise.all([1, 2, 3, 4, 5].map(() => batches.run(new Float32Array(large), [1, large])));
    assert.deepEqual(sizes, [4, 1]);
  });

  test('reject every call of a run that fails, and go on', async () => {
    let isBroken = true;
    const batches = new Batches(async (data, dims) => {
      if (isBroken) throw new Error('the device is lost');
      return double(data, dims);
    });
    const both = await Promise.allSettled([1, 2].map(() => batches.run(new Float32Array(1), [1, 1])));
    assert.deepEqual(
      both.map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    isBroken = false;
    await batches.run(new Float32Array(1), [1, 1]);
    await batches.settled();
  });

  test('refuse numbers that do not have the shape', () => {
    const batches = new Batches(double);
    assert.throws(
      () => batches.run(new Float32Array(5), [1, 4]),
      (error) => isRollcallError(error, 'wrong-shape'),
    );
  });
});
