import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { GraphBuilder } from '../../daemon/host/models/convert/graph-builder.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { checkOnGpu } from '../../daemon/vision/inference/gpu-check.js';
import type { LoadedNetwork } from '../../daemon/vision/inference/network.js';
import { temporaryDirectory } from '../support/gallery-fixture.js';

const itemSize = 6;

/** What a GPU computes for a number of a batch of this size, of which it is the `at`th. It should be the number itself. */
type Gpu = (value: number, at: number, size: number) => number;

/** Checks a network that gives back its input, which is never negative. Returns the sizes of the batches that the GPU ran. */
async function check(context: TestContext, gpu: Gpu, preparesBatches = true): Promise<readonly number[]> {
  const path = join(temporaryDirectory(context), 'same.onnx');
  const graph = new GraphBuilder('same');
  const shape = ['batch', itemSize];
  graph.output(graph.node('Relu', [graph.input('image', shape)], { output: 'same' }), shape);
  await writeFile(path, graph.encode());
  const sizes: number[] = [];
  const network: LoadedNetwork = {
    ...{ itemShape: [itemSize], isBatched: true },
    async run(data, [size = 0]) {
      sizes.push(size);
      return { same: data.map((value, at) => gpu(value, at, size)) };
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
  const options = { clock: new VirtualClock(), logger: silentLogger, isChosen: false, preparesBatches };
  await checkOnGpu([{ file: { name: 'same', path }, network, usualShapes: [] }], options);
  return sizes;
}

describe('the check of a GPU', () => {
  test('runs one item, then batches if calls will overlap, the smallest first', async (t) => {
    const [single, ...batches] = await check(t, (value) => value);
    assert.equal(single, 1);
    assert.ok(batches.length > 0 && batches.every((size, at) => size > (batches[at - 1] ?? 1)), `${batches}`);
    assert.deepEqual(await check(t, (value) => value, false), [1]);
  });

  test('refuses one that computes another number, or none, for any item of a batch', async (t) => {
    for (const wrong of [0, Number.NaN]) {
      for (const gpu of [
        (value, at) => (at === 0 ? wrong : value),
        (value, at, size) => (size > 1 && at === size * itemSize - 1 ? wrong : value),
      ] satisfies Gpu[]) {
        await assert.rejects(check(t, gpu), (error) => isRollcallError(error, 'provider-unavailable'));
      }
    }
  });

  test('accepts one that rounds in another way', async (t) => {
    await check(t, (value) => value * (1 + 1e-6));
  });
});
