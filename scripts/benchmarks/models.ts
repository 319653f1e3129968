import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ModelPack } from '../../daemon/host/models/model-manifest.js';
import { openModelStore } from '../../daemon/host/models/store.js';
import { InferenceSession, Tensor } from '../../daemon/host/onnx-runtime.js';
import { squareToCrop } from '../../daemon/kernel/faces/affine.js';
import type { Yuv420Picture } from '../../daemon/kernel/faces/picture.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { cropAffine } from '../../daemon/vision/inference/affine-crop.kernel.js';
import { readOptions } from '../options.js';
import { quantile } from './measuring.js';
import { profileOf } from './models-profile.js';

/**
 * Prints what one run of every network on this machine costs on one thread of the CPU.
 *   scripts/bench models [--runs N] [--beside PACK --beside PACK] [--earlier DIR] [--json]
 * One network after the other; with --beside those that are named, in turns, so that their times make a ratio. --earlier also runs
 * the files of the same names in DIR, such as those that another version of the converter made, in turns with the present ones.
 * `crop` is what the networks of mesh and eyes need before a run: their input, cut from a turned square of the same size in a picture
 * of 1280 x 720.
 *   scripts/bench models --profile PACK [--runs N] [--earlier DIR]
 * Instead: where the time of one network goes, by kind of node.
 */

interface Line {
  readonly title: string;
  readonly input: string;
  readonly medianMs: number;
  readonly leastMs: number;
  /** Processor time, median: on a machine that is busy with other work it tells more than the time that passes. */
  readonly processorMs: number;
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

/** One network with one shape of input, and how long its runs took. */
interface Runner {
  readonly title: string;
  readonly shape: readonly number[];
  readonly timesMs: number[];
  readonly processorMs: number[];
  readonly run: () => Promise<unknown>;
  readonly end: () => Promise<void>;
}

async function openRunners(path: string, pack: ModelPack, title = pack.id): Promise<readonly Runner[]> {
  const network = await InferenceSession.create(path, { intraOpNumThreads: 1, interOpNumThreads: 1 });
  return inputShapes(pack).map((shape, index) => {
    const random = seededRandom(1);
    const size = shape.reduce((product, dim) => product * dim, 1);
    const pixels = Float32Array.from({ length: size }, () => random.unit() * 255);
    const feeds = { [network.inputNames[0] ?? '']: new Tensor('float32', pixels, shape) };
    const end = async (): Promise<void> => (index === 0 ? network.release() : undefined);
    return { title, shape, timesMs: [], processorMs: [], run: () => network.run(feeds), end };
  });
}

const picture: Yuv420Picture = {
  ...{ format: 'yuv420p', range: 'limited', widthPx: 1280, heightPx: 720 },
  data: Uint8Array.from({ length: 1.5 * 1280 * 720 }, (_, index) => (7 * index) % 256),
};

/** What cutting out the input of a mesh costs: as often as the network runs. */
function cropRunner({ id, input }: ModelPack): readonly Runner[] {
  const [, , heightPx, widthPx] = input.shape;
  if (typeof heightPx !== 'number' || typeof widthPx !== 'number') return [];
  const shape = [1, 3, heightPx, widthPx];
  const target = { data: new Float32Array(3 * heightPx * widthPx), offset: 0, widthPx, heightPx };
  const map = squareToCrop({ x: 640, y: 360 }, widthPx, 5, widthPx);
  const run = (): Promise<void> => Promise.resolve(cropAffine(picture, map, target));
  return [{ title: `${id} crop`, shape, timesMs: [], processorMs: [], run, end: () => Promise.resolve() }];
}

/** All take turns, so that whatever else the machine does meets all of them. */
async function measure(runners: readonly Runner[], runs: number): Promise<readonly Line[]> {
  for (let run = -WARM_UPS; run < runs; run++) {
    for (const runner of runners) {
      const [startMs, before] = [performance.now(), process.cpuUsage()];
      await runner.run();
      const { user, system } = process.cpuUsage(before);
      if (run < 0) continue;
      runner.timesMs.push(performance.now() - startMs);
      runner.processorMs.push((user + system) / 1000);
    }
  }
  for (const { end } of runners) await end();
  return runners.map(({ title, shape, timesMs, processorMs }) => {
    const [medianMs, leastMs] = [quantile(timesMs, 0.5), quantile(timesMs, 0)];
    return {
      title,
      input: shape.join('x'),
      medianMs,
      leastMs,
      processorMs: quantile(processorMs, 0.5),
    };
  });
}

async function printProfile(path: string, pack: ModelPack, runs: number): Promise<void> {
  const kinds = await profileOf(path, inputShapes(pack)[0] ?? [], runs);
  const total = kinds.reduce((sum, { ms }) => sum + ms, 0);
  console.log(`${path}: ${total.toFixed(2)} ms`);
  for (const { kind, nodes, ms } of kinds)
    console.log(`  ${kind.padEnd(22)}${String(nodes).padStart(4)} nodes ${ms.toFixed(3).padStart(8)} ms`);
}

async function main(): Promise<void> {
  const { values } = readOptions('scripts/bench models', {
    options: {
      runs: { type: 'string', default: '40' },
      beside: { type: 'string', multiple: true, default: [] },
      earlier: { type: 'string' },
      profile: { type: 'string' },
      json: { type: 'boolean', default: false },
    },
  });
  const runs = Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs wants a whole number from 1');
  const store = await openModelStore();
  if (values.profile !== undefined) {
    const pack = store.pack(values.profile);
    const path = await store.path(pack.id);
    await printProfile(path, pack, runs);
    if (values.earlier !== undefined) await printProfile(join(values.earlier, pack.file), pack, runs);
    return;
  }
  const opened: (readonly Runner[])[] = [];
  const lines: Line[] = [];
  for (const status of await store.list()) {
    const { pack } = status;
    if (values.beside.length > 0 && !values.beside.includes(pack.id)) continue;
    if (status.state !== 'ready') {
      console.error(`${pack.id}: ${status.state}, left out`);
      continue;
    }
    const earlier = values.earlier === undefined ? undefined : join(values.earlier, pack.file);
    const runners = [
      ...(await openRunners(status.path, pack)),
      ...(pack.role === 'dense-landmarks' || pack.role === 'eye-contour' ? cropRunner(pack) : []),
      ...(earlier && existsSync(earlier) ? await openRunners(earlier, pack, `${pack.id} earlier`) : []),
    ];
    if (values.beside.length > 0) opened.push(runners);
    else lines.push(...(await measure(runners, runs)));
  }
  lines.push(...(await measure(opened.flat(), runs)));
  if (values.json) {
    console.log(JSON.stringify({ runs, lines }));
    return;
  }
  console.log('network                 input            median ms  least ms  processor ms');
  for (const { title, input, medianMs, leastMs, processorMs } of lines) {
    const figures = [medianMs, leastMs, processorMs].map((ms) => ms.toFixed(2).padStart(10)).join('');
    console.log(`${title.padEnd(24)}${input.padEnd(15)}${figures}`);
  }
}

await main();
