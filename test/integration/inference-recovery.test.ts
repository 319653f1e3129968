import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { openModelStore } from '../../daemon/host/models/store.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { isRollcallError, operational } from '../../daemon/kernel/errors.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { openNetwork } from '../../daemon/vision/inference/network.js';
import { Networks, type NetworksOptions } from '../../daemon/vision/inference/networks.js';

const models = await openModelStore();
const liveness = { name: 'liveness', path: await models.path('liveness') };
const dims = [1, 3, 32, 32] as const;
const input = new Float32Array(3 * 32 * 32).fill(100);

/** Networks that the processor runs in place of a GPU, which fails on demand. */
async function openOnFailingGpu(
  failing: { isOpening: boolean; failingRuns: number; isReleasing: boolean },
  openOnProcessor: typeof openNetwork = openNetwork,
  change: Partial<NetworksOptions<'liveness'>> = {},
) {
  const open: typeof openNetwork = async (options) => {
    if (options.provider === 'cpu') return openOnProcessor(options);
    if (failing.isOpening) throw new Error('no device');
    const network = await openNetwork({ ...options, provider: 'cpu' });
    return {
      ...network,
      async run(...call) {
        if (failing.failingRuns === 0) return network.run(...call);
        failing.failingRuns -= 1;
        throw operational('inference-failed', 'the device is lost');
      },
      async [Symbol.asyncDispose]() {
        await network[Symbol.asyncDispose]();
        if (failing.isReleasing) throw new Error('the session is lost');
      },
    };
  };
  return Networks.open({
    ...{ files: { liveness }, provider: 'auto', threads: 1, logger: silentLogger, open },
    clock: { ...systemClock, after: (_delayMs, callback) => systemClock.after(0, callback) },
    random: seededRandom(1),
    signs: { hasNvidiaDevice: false, hasRenderNode: true, hasCudaLibraries: false },
    ...change,
  });
}

describe('networks on a GPU that fails', () => {
  test('are loaded again even if the failed ones cannot be released', async () => {
    const failing = { isOpening: false, failingRuns: 0, isReleasing: true };
    await using networks = await openOnFailingGpu(failing);
    const network = networks.network('liveness');
    const before = await network.run(input, dims);
    failing.failingRuns = 1;
    assert.deepEqual(await network.run(input, dims), before);
    assert.equal(failing.failingRuns, 0);
    assert.equal(networks.provider.actual, 'webgpu');
    failing.isReleasing = false;
  });

  test('reject every run with the reason when the processor cannot load them either', async () => {
    const failing = { isOpening: false, failingRuns: 0, isReleasing: false };
    await using networks = await openOnFailingGpu(failing, () =>
      Promise.reject(new Error('there is no memory')),
    );
    Object.assign(failing, { isOpening: true, failingRuns: 9 });
    for (let call = 0; call < 2; call++) {
      await assert.rejects(networks.network('liveness').run(input, dims), (error) => {
        assert.ok(isRollcallError(error, 'provider-unavailable'), String(error));
        assert.match(error.message, /cpu does not work: there is no memory/);
        return true;
      });
    }
  });
});

describe('a GPU that joins calls', () => {
  for (const preparesBatches of [false, true]) {
    test(`prepares ${preparesBatches ? 'also batches' : 'only single items'} before the first call`, async () => {
      const sizes: number[] = [];
      const open: typeof openNetwork = async (options) => {
        const network = await openNetwork({ ...options, provider: 'cpu' });
        const run: typeof network.run = (data, shape) => {
          sizes.push(shape[0] ?? 0);
          return network.run(data, shape);
        };
        return { ...network, isBatched: true, run };
      };
      const working = { isOpening: false, failingRuns: 0, isReleasing: false };
      await using networks = await openOnFailingGpu(working, openNetwork, { open, preparesBatches });
      assert.equal(networks.provider.actual, 'webgpu');
      assert.deepEqual(sizes, preparesBatches ? [1, 4, 16, 64] : [1]);
    });
  }
});
