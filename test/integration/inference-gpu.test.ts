import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { openModelStore } from '../../daemon/host/models/store.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { Clock } from '../../daemon/kernel/clock.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import type { ProviderInUse } from '../../daemon/vision/face-analyser.js';
import type { Outputs, RunMade } from '../../daemon/vision/inference/batches.js';
import { openNetwork } from '../../daemon/vision/inference/network.js';
import { Networks, type NetworksOptions } from '../../daemon/vision/inference/networks.js';
import { useLosableGpu, withoutLosableGpu } from '../support/losable-gpu.js';
import { greatestDifference } from '../support/onnx-run.js';
import { useSoftwareGpu, withoutSoftwareGpu } from '../support/software-gpu.js';

// WebGPU with Chromium's Vulkan driver, which computes on the processor: slow, but all the way through ONNX Runtime and Dawn.
const gpu = withoutLosableGpu === false ? useLosableGpu() : undefined;
if (gpu === undefined && withoutSoftwareGpu === false) useSoftwareGpu();
after(() => gpu?.[Symbol.dispose]());

const models = await openModelStore();
/** The smallest network: this driver takes seconds to compile a larger one. */
const liveness = { name: 'liveness', path: await models.path('liveness') };
const itemShape = [3, 32, 32] as const;
const samples = 3 * 32 * 32;
const aGpu = { hasNvidiaDevice: false, hasRenderNode: true, hasCudaLibraries: false };

/** Time passes in leaps: nothing waits, and after the single items there is no time left to prepare larger batches. */
function leapingClock(): Clock {
  let nowMs = 0;
  return {
    ...systemClock,
    monotonicMs() {
      nowMs += 25_000;
      return nowMs;
    },
    after: (_delayMs, callback) => systemClock.after(0, callback),
  };
}

function open(change: Partial<NetworksOptions<'liveness'>> = {}): Promise<Networks<'liveness'>> {
  return Networks.open({
    files: { liveness },
    provider: 'webgpu',
    threads: 1,
    logger: silentLogger,
    clock: leapingClock(),
    random: seededRandom(1),
    signs: aGpu,
    ...change,
  });
}

const difference = (a: Outputs, b: Outputs): number =>
  greatestDifference(a['scores'] ?? [], b['scores'] ?? []);

describe('networks on WebGPU', { skip: withoutSoftwareGpu }, () => {
  test('are chosen by auto, and answer calls in one run with the numbers of the processor', async () => {
    const made: RunMade[] = [];
    await using networks = await open({ provider: 'auto', onRun: (_, run) => made.push(run) });
    assert.deepEqual(networks.provider, { requested: 'auto', actual: 'webgpu' });
    made.length = 0;
    const random = seededRandom(5);
    const inputs = [1, 2].map((items) => ({
      dims: [items, ...itemShape],
      data: Float32Array.from({ length: items * samples }, () => 255 * random.unit()),
    }));
    const network = networks.network('liveness');
    const answers = await Promise.all(inputs.map(({ data, dims }) => network.run(data, dims)));
    await using onProcessor = await openNetwork({ ...liveness, provider: 'cpu', threads: 1 });
    for (const [index, { data, dims }] of inputs.entries()) {
      const differs = difference(answers[index] ?? {}, await onProcessor.run(data, dims));
      assert.ok(differs < 0.001, `differs by ${differs}`);
    }
    assert.deepEqual(made, [{ calls: 2, items: 3, size: 4 }]);
  });

  test('are refused when the GPU gives other numbers than the processor', async () => {
    const wrong: typeof openNetwork = async (options) => {
      const network = await openNetwork(options);
      if (options.provider === 'cpu') return network;
      const run = async (data: Float32Array, dims: readonly number[]): Promise<Outputs> => {
        const { scores = new Float32Array(0) } = await network.run(data, dims);
        return { scores: scores.map((value) => value + 0.1) };
      };
      return { ...network, run };
    };
    await using networks = await open({ open: wrong, provider: 'auto' });
    assert.equal(networks.provider.actual, 'cpu');
    assert.match(
      networks.provider.warning ?? '',
      /webgpu does not work: liveness gives other numbers than on the processor; inference runs on the CPU/,
    );
  });
});

describe('a GPU that is lost', { skip: withoutLosableGpu }, () => {
  const input = new Float32Array(samples).fill(100);
  const run = (networks: Networks<'liveness'>) => networks.network('liveness').run(input, [1, ...itemShape]);

  test('is opened again for every waiting call, and fails a required provider when it stays lost', async () => {
    const openAgain: typeof openNetwork = (options) => {
      if (isComingBack) gpu?.bringBack();
      return openNetwork(options);
    };
    let isComingBack = true;
    await using networks = await open({ open: openAgain });
    const before = await run(networks);
    gpu?.lose();
    for (const answer of await Promise.all([run(networks), run(networks)])) assert.deepEqual(answer, before);
    assert.deepEqual(networks.provider, { requested: 'webgpu', actual: 'webgpu' });

    isComingBack = false;
    gpu?.lose();
    for (const call of [run(networks), run(networks)]) {
      await assert.rejects(call, (error) => {
        assert.ok(isRollcallError(error, 'provider-unavailable'));
        assert.match(error.remedy ?? '', /auto or cpu/);
        return true;
      });
    }
    gpu?.bringBack();
    await assert.rejects(run(networks), (error) => isRollcallError(error, 'provider-unavailable'));
  });

  test('makes auto continue on the processor, with the reason, when it stays lost', async () => {
    const changes: ProviderInUse[] = [];
    await using networks = await open({
      provider: 'auto',
      onProviderChanged: (provider) => changes.push(provider),
    });
    const before = await run(networks);
    gpu?.lose();
    assert.ok(difference(await run(networks), before) < 0.001);
    gpu?.bringBack();
    assert.equal(networks.provider.actual, 'cpu');
    assert.match(networks.provider.warning ?? '', /webgpu does not work: .*inference runs on the CPU/);
    assert.deepEqual(changes, [networks.provider]);
  });
});
