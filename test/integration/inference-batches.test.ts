import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { openModelStore } from '../../daemon/host/models/store.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { Batches, type RunMade } from '../../daemon/vision/inference/batches.js';
import { type LoadedNetwork, openNetwork } from '../../daemon/vision/inference/network.js';
import { greatestDifference } from '../support/onnx-run.js';

const itemShape = [3, 64, 64] as const;
const samples = 3 * 64 * 64;
/** Numbers are coordinates up to 64; in batches they are added in another order. */
const tolerance = 1e-4;

describe('a real network in batches on the processor', () => {
  let iris: LoadedNetwork;

  before(async () => {
    const store = await openModelStore();
    iris = await openNetwork({ name: 'iris', path: await store.path('iris'), provider: 'cpu', threads: 1 });
  });
  after(async () => {
    await iris[Symbol.asyncDispose]();
  });

  test('gives the numbers of single runs, filled up or not', async () => {
    const random = seededRandom(11);
    const made: RunMade[] = [];
    const batches = new Batches(
      (data, dims) => iris.run(data, dims),
      (run) => made.push(run),
    );
    const calls = [2, 2, 1, 4, 2, 3].map((items) => ({
      dims: [items, ...itemShape],
      data: Float32Array.from({ length: items * samples }, () => 255 * random.unit()),
    }));
    const together = await Promise.all(calls.map(({ data, dims }) => batches.run(data, dims)));
    for (const [index, { data, dims }] of calls.entries()) {
      const alone = await iris.run(data, dims);
      const joined = together[index]?.['landmarks'] ?? [];
      assert.ok(greatestDifference(joined, alone['landmarks'] ?? []) < tolerance);
    }
    assert.deepEqual(made, [{ calls: 6, items: 14, size: 16 }]);
  });

  test('is left alone on the processor, where batches cost more', () => {
    assert.equal(iris.isBatched, false);
    assert.deepEqual(iris.itemShape, itemShape);
  });
});
