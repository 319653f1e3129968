import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import type { Report } from '../../daemon/contract/vision/vision-reports.js';
import { openConfiguredStore } from '../../daemon/host/models/configured-store.js';
import { processorTime } from '../../daemon/host/process-facts.js';
import { programRoot } from '../../daemon/host/program-files.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { CameraLines } from '../../daemon/vision/lines/camera-lines.js';
import { plainLauncher } from '../../daemon/vision/plain-launcher.js';
import { networkPlan, photoPlan, planCamera } from '../../daemon/vision/plan.js';
import { chooseRecogniser } from '../../daemon/vision/recogniser-in-use.js';
import { probeSandbox } from '../../daemon/vision/sandbox-launcher.js';
import type { VisionLauncher } from '../../daemon/vision/vision-launcher.js';
import { spawnVisionProcess } from '../../daemon/vision/vision-process.js';
import { rtspUrl, startRtspServerProcess } from '../virtual-camera/rtsp-server.js';
import { servedClip, usualClip } from './cameras-clip.js';
import { allProcesses, whileRunning } from './cameras-usage.js';
import { processTimes } from './pipeline-cpu.js';

const usage = `What the sandbox of a vision process costs: time to start, and processor time for each photo and for each analysed frame of a
camera, with its FFmpeg. Both ways alternate or run at the same time, so that a busy machine disturbs both alike.

usage: scripts/bench isolation [photos (40)] [starts (20)] [seconds of camera (60)]
`;

const settings = { site: { id: 'bench', timeZone: 'Etc/UTC' }, vision: { provider: 'cpu' } };
const { name: recogniser } = await chooseRecogniser(await openConfiguredStore(null), 'auto');

/** A vision process that is ready for photos. */
async function startVision(launcher: VisionLauncher) {
  let take: (report: Report) => void = () => undefined;
  const vision = spawnVisionProcess({
    ...{ launcher, purpose: 'photographs', readable: [], logger: silentLogger },
    onReport: (report) => take(report),
    isPictureAsked: () => true,
  });
  const next = (type: Report['type']): Promise<void> =>
    new Promise((resolve, reject) => {
      take = (report) => {
        if (report.type === 'failed') reject(new Error(report.message));
        if (report.type === type) resolve();
      };
    });
  const ready = next('ready');
  vision.send({ type: 'start', plan: photoPlan(configSchema.parse(settings), recogniser) });
  await ready;
  return {
    /** Processor time for one photo, milliseconds. */
    async analyse(photo: Uint8Array): Promise<number> {
      const { processMs } = processorTime(vision.pid ?? 0);
      const answered = next('photo');
      vision.send({ type: 'analyse-photo', request: 0, photograph: 'kept' }, photo);
      await answered;
      return processorTime(vision.pid ?? 0).processMs - processMs;
    },
    [Symbol.asyncDispose]: () => vision.stop(3_000),
  };
}

/** A vision process that watches one camera. */
async function watchCamera(launcher: VisionLauncher, url: string, lines?: CameraLines) {
  const config = configSchema.parse({ ...settings, cameras: [{ id: 'door', name: 'Door', url }] });
  const [camera] = config.cameras;
  if (camera === undefined) throw new Error('the configuration has no camera');
  // Both at the same moment: a report comes about once a second.
  let last = { frames: 0, cpuMs: 0 };
  let heard: () => void = () => undefined;
  const vision = spawnVisionProcess({
    ...{ launcher, purpose: 'cameras', readable: [], logger: silentLogger, lines },
    onReport(report) {
      if (report.type === 'progress') {
        const { analysed = 0 } = report.cameras[0]?.counters ?? {};
        last = { frames: analysed, cpuMs: treeMs(vision.pid ?? 0) };
      }
      heard();
    },
  });
  const plan = { ...networkPlan(config, recogniser), cameras: [await planCamera(camera, config)] };
  vision.send({ type: 'start', plan });
  return {
    /** What has been analysed, and the processor time of the process and its FFmpeg, milliseconds. */
    usage: () => last,
    /** Waits until so many frames were analysed. */
    async analysed(wanted: number): Promise<void> {
      while (last.frames < wanted) {
        await new Promise<void>((resolve) => {
          heard = resolve;
        });
      }
    },
    [Symbol.asyncDispose]: () => vision.stop(3_000),
  };
}

/** Processor time of a process and everything below it, also of what has ended, milliseconds of one core. */
function treeMs(pid: number): number {
  const all = allProcesses();
  let total = 0;
  for (let generation: readonly number[] = [pid]; generation.length > 0; ) {
    const times = generation.flatMap((each) => whileRunning(() => processTimes(each)));
    total += sum(times.map(({ cpuMs, endedChildrenMs }) => cpuMs + endedChildrenMs));
    const parents = generation;
    generation = all.filter(({ parentPid }) => parents.includes(parentPid)).map((each) => each.pid);
  }
  return total;
}

/** Processor time of an analysed frame, milliseconds, both ways at the same time. */
async function frameMs(launchers: Readonly<Record<(typeof ways)[number], VisionLauncher>>, seconds: number) {
  const clip = await servedClip({ ...usualClip, widthPx: 1280, heightPx: 720, faceShare: 1 });
  const mounts = { '/without': { file: clip.file }, '/with': { file: clip.file } };
  await using cameras = await startRtspServerProcess({ mounts });
  await using without = await watchCamera(launchers.without, rtspUrl(cameras.port, '/without'));
  // A sandbox has no network. `scripts/bench lines` measures what its way to the camera costs the core.
  await using lines = await CameraLines.open({ clock });
  await using within = await watchCamera(launchers.with, rtspUrl(cameras.port, '/with'), lines);
  // The first frames load the networks.
  await Promise.all([without.analysed(20), within.analysed(20)]);
  const before = [without.usage(), within.usage()] as const;
  await setTimeout(seconds * 1000);
  const after = [without.usage(), within.usage()] as const;
  const cost = (index: 0 | 1): { readonly ms: number; readonly frames: number } => {
    const frames = after[index].frames - before[index].frames;
    return { ms: (after[index].cpuMs - before[index].cpuMs) / frames, frames };
  };
  return { without: cost(0), with: cost(1) };
}

/** Until a program that does nothing has run, milliseconds. */
async function startMs(launcher: VisionLauncher): Promise<number> {
  const startedMs = clock.monotonicMs();
  await launcher.launch({ purpose: 'photographs', program: ['--version'], readable: [] }).ended;
  return clock.monotonicMs() - startedMs;
}

const ways = ['without', 'with'] as const;
type ByWay = Record<(typeof ways)[number], number[]>;

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const shown = (ms: number): string => `${ms.toFixed(0).padStart(6)} ms`;

const [photos = 40, starts = 20, seconds = 60] = process.argv.slice(2).map(Number);
const sandbox = await probeSandbox();
if (!(photos >= 1 && starts >= 1 && seconds >= 1)) process.stderr.write(usage);
else if (!('launch' in sandbox))
  process.stderr.write(`error: ${sandbox.reason}\n  what to do: ${sandbox.remedy}\n`);
else {
  const launchers = { without: plainLauncher(undefined), with: sandbox };
  const started: ByWay = { without: [], with: [] };
  for (let index = 0; index < starts; index += 1) {
    for (const way of ways) started[way].push(await startMs(launchers[way]));
  }
  const photo = await readFile(join(programRoot(), 'node_modules/@vladmandic/face-api/demo/sample6.jpg'));
  await using without = await startVision(launchers.without);
  await using within = await startVision(launchers.with);
  const cost: ByWay = { without: [], with: [] };
  for (let index = 0; index < photos; index += 1) {
    cost.without.push(await without.analyse(photo));
    cost.with.push(await within.analyse(photo));
  }
  const frame = await frameMs(launchers, seconds);
  const added = (100 * (sum(cost.with) / sum(cost.without) - 1)).toFixed(1);
  console.log('sandbox                       without      with');
  console.log(
    `start, median of ${starts}           ${shown(median(started.without))} ${shown(median(started.with))}`,
  );
  console.log(
    `processor time of a photo    ${shown(sum(cost.without) / photos)} ${shown(sum(cost.with) / photos)}  (${added} % of ${photos} photos)`,
  );
  const more = (100 * (frame.with.ms / frame.without.ms - 1)).toFixed(1);
  console.log(
    `processor time of a frame    ${shown(frame.without.ms)} ${shown(frame.with.ms)}  (${more} % of ${frame.without.frames} and ${frame.with.frames} frames)`,
  );
}
