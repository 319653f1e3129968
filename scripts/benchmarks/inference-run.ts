import { providerNames } from '../../daemon/contract/settings/vision-schema.js';
import { openModelStore } from '../../daemon/host/models/store.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import type { RunMade } from '../../daemon/vision/inference/batches.js';
import { openFaceAnalyser } from '../../daemon/vision/inference/open-face-analyser.js';
import { ownThreshold } from '../../daemon/vision/operating-point.js';
import { chooseRecogniser } from '../../daemon/vision/recogniser-in-use.js';
import { readOptions } from '../options.js';
import { agreementOf } from './inference-agreement.js';
import { type CamerasMeasured, lateShare, runCameras } from './inference-cameras.js';
import { type GpuLoad, withGpuLoad } from './inference-gpu.js';
import type { Clip } from './inference-pictures.js';

export const inferenceUsage = `How many cameras one thread serves with networks on a provider: 1080p, one face in sight, without decoding.

usage: scripts/bench inference [--provider NAME]... [--cameras N]... [--seconds S] [--fps N] [--detector NAME] [--json]
       scripts/bench inference --kit DIRECTORY

  --provider NAME    ${providerNames.join(', ')}; cpu where absent
  --cameras N        cameras at a time; without it, searches the most of which at most 1 % of the frames are late
  --most N           the search ends there (256)
  --seconds S        seconds measured, after two that do not count (8)
  --fps N            analysed frames a second of each camera (15)
  --detector NAME    the detector (auto)
  --no-agreement     does not compare what is found with the processor
  --json             one JSON object a line instead of text
  --kit DIRECTORY    instead: writes this benchmark as a folder that needs only node, onnxruntime-node and the model files
`;

/** The share of late frames up to which a camera counts as held. */
const mostLate = 0.01;
const warmUpS = 2;

export interface InferencePlace {
  /** The folder above `models/manifest.json`; absent: that of the program. */
  readonly rootDir?: string;
  /** The folder of the model files; absent: `models/build` there. */
  readonly buildDir?: string;
}

/** Measures each provider as `parameters` ask for it, and prints the figures. */
export async function runInference(
  parameters: readonly string[],
  clipsFor: (framesPerS: number) => Promise<readonly Clip[]>,
  place: InferencePlace = {},
): Promise<void> {
  const { values } = readOptions(inferenceUsage, {
    args: [...parameters],
    options: {
      provider: { type: 'string', multiple: true, default: ['cpu'] },
      cameras: { type: 'string', multiple: true },
      most: { type: 'string', default: '256' },
      seconds: { type: 'string', default: '8' },
      fps: { type: 'string', default: '15' },
      detector: { type: 'string', default: 'auto' },
      'no-agreement': { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
    },
  });
  const framesPerS = Number(values.fps);
  const clips = await clipsFor(framesPerS);
  const print = values.json ? (figures: unknown) => console.log(JSON.stringify(figures)) : printText;
  for (const provider of values.provider) {
    await measureProvider({
      ...{ provider, clips, framesPerS, place, print },
      cameras: values.cameras?.map(Number),
      most: Number(values.most),
      seconds: Number(values.seconds),
      detector: values.detector as 'auto',
      comparesWithCpu: !values['no-agreement'],
    });
  }
}

interface ProviderOptions {
  readonly provider: string;
  readonly clips: readonly Clip[];
  readonly framesPerS: number;
  readonly place: InferencePlace;
  readonly cameras: readonly number[] | undefined;
  readonly most: number;
  readonly seconds: number;
  readonly detector: 'auto';
  readonly comparesWithCpu: boolean;
  print(figures: Figures): void;
}

type Figures = { readonly provider: string } & (
  | { readonly kind: 'opened'; readonly tookMs: number; readonly actual: string }
  | ({ readonly kind: 'agreement' } & Awaited<ReturnType<typeof agreementOf>>)
  | ({
      readonly kind: 'cameras';
      readonly batches: string;
      readonly gpu: GpuLoad | undefined;
    } & CamerasMeasured)
  | { readonly kind: 'held'; readonly cameras: number }
);

async function measureProvider(options: ProviderOptions): Promise<void> {
  const { provider, clips, framesPerS, print } = options;
  const models = await openModelStore(options.place);
  const recogniser = await chooseRecogniser(models, 'auto');
  const runs = new BatchTally();
  const startedMs = performance.now();
  const analyserOn = (name: string) =>
    openFaceAnalyser({
      models,
      recogniser: recogniser.name,
      provider: name as 'cpu',
      detector: options.detector,
      passivePad: 'none',
      threads: 1,
      preparesBatches: true,
      logger: silentLogger,
      gpuSigns: { hasNvidiaDevice: true, hasRenderNode: true, hasCudaLibraries: false },
      onRun: (network, run) => runs.add(network, run),
    });
  await using analyser = await analyserOn(provider);
  print({
    kind: 'opened',
    provider,
    tookMs: performance.now() - startedMs,
    actual: analyser.provider.actual,
  });
  if (options.comparesWithCpu && analyser.provider.actual !== 'cpu') {
    await using reference = await analyserOn('cpu');
    print({ kind: 'agreement', provider, ...(await agreementOf(clips, [reference, analyser])) });
  }
  const sameFaceThreshold = ownThreshold(recogniser.pack) ?? Number.NaN;
  const measure = async (cameras: number): Promise<boolean> => {
    runs.clear();
    const { seconds } = options;
    const { result, gpu } = await withGpuLoad(() =>
      runCameras({ analyser, clips, cameras, framesPerS, sameFaceThreshold, warmUpS, seconds }),
    );
    print({ kind: 'cameras', provider, ...result, batches: runs.text(), gpu });
    return lateShare(result) <= mostLate;
  };
  if (options.cameras !== undefined) {
    for (const cameras of options.cameras) await measure(cameras);
    return;
  }
  print({ kind: 'held', provider, cameras: await mostHeld(measure, options.most) });
}

/** The largest number for which `isHeld` is true, up to `most`: doubled until it fails, then halved in between. */
async function mostHeld(isHeld: (cameras: number) => Promise<boolean>, most: number): Promise<number> {
  let held = 0;
  let failed = most + 1;
  for (let next = 1; next < failed; next = Math.min(2 * next, most)) {
    if (await isHeld(next)) held = next;
    else failed = next;
    if (held === most) return most;
  }
  while (failed - held > Math.max(1, held / 16)) {
    const middle = Math.floor((held + failed) / 2);
    if (await isHeld(middle)) held = middle;
    else failed = middle;
  }
  return held;
}

/** How many calls the runs of each network joined. */
class BatchTally {
  readonly #networks = new Map<string, { runs: number; items: number; size: number; most: number }>();

  add(network: string, { items, size }: RunMade): void {
    const sums = this.#networks.get(network) ?? { runs: 0, items: 0, size: 0, most: 0 };
    sums.runs += 1;
    sums.items += items;
    sums.size += size;
    sums.most = Math.max(sums.most, items);
    this.#networks.set(network, sums);
  }

  clear(): void {
    this.#networks.clear();
  }

  /** Of each network: runs, items a run on the average and at most, and the share of items that only filled up. */
  text(): string {
    return [...this.#networks]
      .map(([name, { runs, items, size, most }]) => {
        const filled = Math.round(100 * (1 - items / size));
        return `${name} ${runs} x ${(items / runs).toFixed(1)} (most ${most}, ${filled} % filled up)`;
      })
      .join(', ');
  }
}

function printText(figures: Figures): void {
  const { provider } = figures;
  if (figures.kind === 'opened') {
    console.log(`${provider}: opened as ${figures.actual} in ${(figures.tookMs / 1000).toFixed(1)} s`);
  } else if (figures.kind === 'agreement') {
    console.log(
      `${provider}: differs from the processor in ${figures.pictures} pictures by at most ` +
        `${figures.boxPx.toExponential(1)} px (box), ${figures.landmarkPx.toExponential(1)} px (landmarks), ` +
        `${figures.openness.toExponential(1)} (eyes); least similarity ${figures.leastSimilarity.toFixed(6)}; ` +
        `found by one alone: ${figures.unlike}`,
    );
  } else if (figures.kind === 'held') {
    console.log(`${provider}: holds ${figures.cameras} cameras with at most 1 % of the frames late`);
  } else printCameras(figures);
}

function printCameras(figures: Extract<Figures, { readonly kind: 'cameras' }>): void {
  const { provider, cameras, due, lost, late, latencyMs, cpuPerFrameMs, busy, facesInSight, gpu } = figures;
  const { p50, p95, p99 } = latencyMs;
  const lines = [
    `${provider}: ${cameras} cameras, ${due} frames due, ${lost} lost, ${late} late ` +
      `(${(100 * lateShare(figures)).toFixed(1)} % together), ${facesInSight} faces in sight`,
    `  latency ${p50.toFixed(0)} ms (p50), ${p95.toFixed(0)} (p95), ${p99.toFixed(0)} (p99); ` +
      `processor ${cpuPerFrameMs.toFixed(2)} ms a frame; thread busy ${(100 * busy).toFixed(0)} %`,
  ];
  if (figures.batches !== '') lines.push(`  batches: ${figures.batches}`);
  if (gpu !== undefined) {
    lines.push(
      `  ${gpu.name}: ${gpu.meanPowerW.toFixed(0)} W, ${(100 * gpu.meanUse).toFixed(0)} % used, ${gpu.mostMemoryMiB} MiB`,
    );
  }
  console.log(lines.join('\n'));
}
