import { seededRandom } from '../../daemon/base/random.js';
import { InferenceSession, Tensor } from '../../daemon/host/onnx-runtime.js';
import type { ModelPack } from '../../daemon/models/manifest.js';
import { openModelStore } from '../../daemon/models/store.js';

/**
 * Prints what one run of every network on this machine costs on one thread of the CPU.
 *   scripts/bench models [--runs N] [--json]
 */

interface Line {
  readonly packId: string;
  readonly input: string;
  readonly medianMs: number;
  readonly leastMs: number;
}

/** Runs before the clock counts: the first ones allocate. */
const WARM_UPS = 5;

/** Sizes for networks that take any: a wide and a square picture. */
const ANY_SIZE = [
  [288, 512],
  [512, 512],
] as const;

/** Batches worth knowing: two eyes, or a face and its mirror image. */
const BATCHED: ReadonlySet<string> = new Set(['iris', 'dlib-resnet', 'mobilefacenet', 'faceres']);

function inputShapes(pack: ModelPack): readonly (readonly number[])[] {
  const [, , height, width] = pack.input.shape;
  const sizes =
    typeof height === 'number' && typeof width === 'number' ? [[height, width] as const] : ANY_SIZE;
  const batches = BATCHED.has(pack.id) ? [1, 2] : [1];
  return sizes.flatMap(([heightPx, widthPx]) => batches.map((batch) => [batch, 3, heightPx, widthPx]));
}

async function measure(
  network: InferenceSession,
  shape: readonly number[],
  runs: number,
): Promise<readonly number[]> {
  const random = seededRandom(1);
  const size = shape.reduce((product, dim) => product * dim, 1);
  const pixels = Float32Array.from({ length: size }, () => random.unit() * 255);
  const feeds = { [network.inputNames[0] ?? '']: new Tensor('float32', pixels, shape) };
  const timesMs: number[] = [];
  for (let run = -WARM_UPS; run < runs; run++) {
    const startMs = performance.now();
    await network.run(feeds);
    if (run >= 0) timesMs.push(performance.now() - startMs);
  }
  return timesMs.sort((a, b) => a - b);
}

async function measurePack(path: string, pack: ModelPack, runs: number): Promise<readonly Line[]> {
  const network = await InferenceSession.create(path, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  const lines: Line[] = [];
  for (const shape of inputShapes(pack)) {
    const timesMs = await measure(network, shape, runs);
    const medianMs = timesMs[Math.floor(timesMs.length / 2)] ?? Number.NaN;
    lines.push({ packId: pack.id, input: shape.join('x'), medianMs, leastMs: timesMs[0] ?? Number.NaN });
  }
  await network.release();
  return lines;
}

async function main(): Promise<void> {
  const position = process.argv.indexOf('--runs');
  const runs = position < 0 ? 40 : Number(process.argv[position + 1]);
  if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs wants a whole number from 1');
  const store = await openModelStore();
  const lines: Line[] = [];
  for (const status of await store.list()) {
    if (status.state === 'ready') lines.push(...(await measurePack(status.path, status.pack, runs)));
    else console.error(`${status.pack.id}: ${status.state}, left out`);
  }
  if (process.argv.includes('--json')) {
    console.log(JSON.stringify({ runs, lines }));
    return;
  }
  console.log('network             input            median ms  least ms');
  for (const { packId, input, medianMs, leastMs } of lines) {
    const figures = [medianMs, leastMs].map((ms) => ms.toFixed(2).padStart(10)).join('');
    console.log(`${packId.padEnd(20)}${input.padEnd(15)}${figures}`);
  }
}

await main();
