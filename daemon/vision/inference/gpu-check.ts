import type { Clock } from '../../kernel/clock.js';
import { operational } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { seededRandom } from '../../kernel/random.js';
import { batchSizesFor, type Outputs } from './batches.js';
import { type LoadedNetwork, type NetworkFile, openNetwork } from './network.js';

/** After this time, no more batch sizes are prepared, milliseconds. */
const PREPARE_WITHIN_MS = 20_000;
/**
 * A GPU needs a second or two for the first run of every network. One that needs longer than this is a driver that computes on the
 * processor, milliseconds.
 */
const FIRST_RUNS_WITHIN_MS = 30_000;

/**
 * Two providers add in different orders. The share of the largest number of an output by which any of its numbers may differ; the
 * largest difference measured on a GPU was a millionth.
 */
const TOLERATED_SHARE = 0.01;
/** The same for outputs whose numbers are all near zero. */
const TOLERATED_LEAST = 0.001;

interface GpuNetwork {
  readonly file: NetworkFile;
  readonly network: LoadedNetwork;
  /** Sizes of one item that cameras often need, for a network that takes any size. */
  readonly usualShapes: readonly (readonly number[])[];
}

interface Sample {
  readonly name: string;
  readonly network: LoadedNetwork;
  readonly itemShape: readonly number[];
  readonly data: Float32Array;
  /** What the processor computes. */
  readonly expected: Outputs;
}

interface CheckOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether the configuration asks for this provider: it then may be slow. */
  readonly isChosen: boolean;
  /** Whether calls will overlap: then batches of them are prepared, too. */
  readonly preparesBatches: boolean;
}

/**
 * Runs networks that were loaded on a GPU, so that cameras do not wait while it prepares, and compares their numbers with those of
 * the processor. Throws `provider-unavailable` if the GPU computes something else: no camera image can show that.
 */
export async function checkOnGpu(
  networks: readonly GpuNetwork[],
  { clock, logger, isChosen, preparesBatches }: CheckOptions,
): Promise<void> {
  const startedMs = clock.monotonicMs();
  const samples: Sample[] = [];
  for (const each of networks) samples.push(...(await samplesOf(each)));
  for (const sample of samples) {
    await compare(sample, 1);
    const tookMs = clock.monotonicMs() - startedMs;
    if (!isChosen && tookMs > FIRST_RUNS_WITHIN_MS) {
      const message = `it is slower than the processor: ${Math.round(tookMs / 1000)} s for the first runs`;
      throw operational('provider-unavailable', message);
    }
  }
  let prepared = samples.length;
  const larger = samples
    .filter(({ network }) => preparesBatches && network.isBatched)
    .flatMap((sample) =>
      batchSizesFor(sample.data.length)
        .slice(1)
        .map((size) => ({ sample, size })),
    )
    .sort((a, b) => a.size - b.size);
  for (const { sample, size } of larger) {
    if (clock.monotonicMs() - startedMs > PREPARE_WITHIN_MS) break;
    await compare(sample, size);
    prepared += 1;
  }
  const tookMs = Math.round(clock.monotonicMs() - startedMs);
  logger.info('the networks are prepared on the GPU', {
    tookMs,
    prepared,
    left: samples.length + larger.length - prepared,
  });
}

async function samplesOf({ file, network, usualShapes }: GpuNetwork): Promise<readonly Sample[]> {
  const { itemShape } = network;
  const isFixed = itemShape.every((size) => typeof size === 'number');
  const shapes = isFixed ? [itemShape as readonly number[]] : usualShapes;
  await using reference = await openNetwork({ ...file, provider: 'cpu', threads: 1 });
  const samples: Sample[] = [];
  for (const shape of shapes) {
    const random = seededRandom(1);
    const count = shape.reduce((a, b) => a * b, 1);
    const data = Float32Array.from({ length: count }, () => 255 * random.unit());
    const expected = await reference.run(data, [1, ...shape]);
    samples.push({ name: file.name, network, itemShape: shape, data, expected });
  }
  return samples;
}

/** Runs the sample `size` times in one batch. */
async function compare({ name, network, itemShape, data, expected }: Sample, size: number): Promise<void> {
  const batch = new Float32Array(size * data.length);
  for (let item = 0; item < size; item++) batch.set(data, item * data.length);
  const outputs = await network.run(batch, [size, ...itemShape]);
  for (const [outputName, numbers] of Object.entries(expected)) {
    const computed = outputs[outputName];
    if (computed === undefined || !isNear(computed, numbers, size)) {
      throw operational('provider-unavailable', `${name} gives other numbers than on the processor`);
    }
  }
}

function isNear(computed: Float32Array, expected: Float32Array, size: number): boolean {
  if (computed.length !== size * expected.length) return false;
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const tolerated = TOLERATED_LEAST + TOLERATED_SHARE * largest;
  // Not-a-number is not within the tolerance.
  return computed.every(
    (value, index) => Math.abs(value - (expected[index % expected.length] ?? 0)) <= tolerated,
  );
}
