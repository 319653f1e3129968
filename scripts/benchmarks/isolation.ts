import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { parseArgs, promisify } from 'node:util';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import type { Report } from '../../daemon/contract/vision/vision-reports.js';
import { openConfiguredStore } from '../../daemon/host/models/configured-store.js';
import { programRoot } from '../../daemon/host/program-files.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { plainLauncher } from '../../daemon/vision/plain-launcher.js';
import { clipPlan } from '../../daemon/vision/plan.js';
import { chooseRecogniser } from '../../daemon/vision/recogniser-in-use.js';
import { probeSandbox } from '../../daemon/vision/sandbox-launcher.js';
import { probeUnits } from '../../daemon/vision/unit-launcher.js';
import type { VisionLauncher } from '../../daemon/vision/vision-launcher.js';
import { spawnVisionProcess } from '../../daemon/vision/vision-process.js';
import { servedClip, usualClip } from './cameras-clip.js';
import { processTimes } from './pipeline-cpu.js';

const usage = `What the wall of a vision process costs: time to start, and processor time for a system call, for a photo, and for a frame of a clip with
its FFmpeg. Every process does the same work. Each round starts new processes, because two alike differ by some percent for as long as they run: how
much, the column "again" says, a second process without a wall.

usage: scripts/bench isolation [--units] [rounds (8)] [starts (20)]

  --units  measures the units of an installed box, as root, instead of the sandbox. Their cost includes their main process.
`;

const ways = ['without', 'again', 'with'] as const;
type Way = (typeof ways)[number];

/** Of the clip, seconds and frames. */
const clipS = 2;
const clipFrames = clipS * usualClip.framesPerS;

/** Processor time of a process and its FFmpeg, milliseconds. */
interface Cost {
  readonly photo: number;
  readonly frame: number;
}

const nothing: Cost = { photo: 0, frame: 0 };

const settings = { site: { id: 'bench', timeZone: 'Etc/UTC' }, vision: { provider: 'cpu' } };
const { name: recogniser } = await chooseRecogniser(await openConfiguredStore(null), 'auto');

/** Each unit of a vision process for photos has a control group here, which counts its processor time. */
const unitGroups = ['/sys/fs/cgroup/system.slice', '/sys/fs/cgroup/unified/system.slice'];

const groupsOfUnits = (): readonly string[] =>
  unitGroups
    .filter((folder) => existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => basename(path).startsWith('rollcall-vision-photos@'));

/** Processor time of all that a unit has run, milliseconds. */
function groupMs(group: string): number {
  const [, us] = /^usage_usec (\d+)$/m.exec(readFileSync(join(group, 'cpu.stat'), 'utf8')) ?? [];
  return Number(us) / 1000;
}

/** A vision process that is ready. */
async function startVision(launcher: VisionLauncher) {
  const before = groupsOfUnits();
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
  vision.send({ type: 'start', plan: clipPlan(configSchema.parse(settings), recogniser) });
  await ready;
  const group = groupsOfUnits().find((each) => !before.includes(each));
  /** Processor time of what the work brings about. */
  const costOf = async (work: () => Promise<void>): Promise<number> => {
    const usedMs = (): number => {
      if (group !== undefined) return groupMs(group);
      const { cpuMs, endedChildrenMs } = processTimes(vision.pid ?? 0);
      return cpuMs + endedChildrenMs;
    };
    const before = usedMs();
    await work();
    return usedMs() - before;
  };
  return {
    photo: (photo: Uint8Array): Promise<number> =>
      costOf(async () => {
        const answered = next('photo');
        vision.send({ type: 'analyse-photo', request: 0, photograph: 'kept' }, photo);
        await answered;
      }),
    frame: (clip: Uint8Array): Promise<number> =>
      costOf(async () => {
        const answered = next('clip');
        const sizes = [clip.length];
        vision.send({ type: 'analyse-clip', request: 0, sizes, fps: 25, isEmbedded: false }, clip);
        await answered;
      }).then((ms) => ms / clipFrames),
    [Symbol.asyncDispose]: () => vision.stop(3_000),
  };
}

type Vision = Awaited<ReturnType<typeof startVision>>;

/** The beginning of a clip with one person in sight: 1280x720, H.264 with the noise of a camera. */
async function readClip(): Promise<Uint8Array> {
  const { file } = await servedClip({ ...usualClip, widthPx: 1280, heightPx: 720, faceShare: 1 });
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-bench-'));
  try {
    const begin = join(folder, 'begin.mp4');
    const cut = ['-v', 'error', '-i', file, '-t', String(clipS), '-c', 'copy', begin];
    await promisify(execFile)('ffmpeg', cut);
    return await readFile(begin);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Until a vision process is ready, milliseconds. */
async function readyMs(launcher: VisionLauncher): Promise<number> {
  const startedMs = clock.monotonicMs();
  await using _vision = await startVision(launcher);
  return clock.monotonicMs() - startedMs;
}

/** Until a program that does nothing has run, milliseconds. */
async function startMs(launcher: VisionLauncher): Promise<number> {
  const startedMs = clock.monotonicMs();
  await launcher.launch({ purpose: 'photographs', program: ['--version'], readable: [] }).ended;
  return clock.monotonicMs() - startedMs;
}

/** Processor time of a system call that every filter allows, nanoseconds. */
async function callNs(launcher: VisionLauncher): Promise<number> {
  const calls = 1_000_000;
  const program = [
    '--eval',
    `const before = process.cpuUsage();
     for (let call = 0; call < ${calls}; call += 1) process.getuid();
     const { user, system } = process.cpuUsage(before);
     console.log(1000 * (user + system) / ${calls});`,
  ];
  const launched = launcher.launch({ purpose: 'photographs', program, readable: [] });
  launched.channel.on('error', () => undefined).resume();
  const [said = ''] = await Promise.all(launched.log.map((stream) => text(stream)));
  await launched.ended;
  return Number(said);
}

/** One new process each way, started in this order. They do the same work in turn; the first of it warms them up. */
async function runRound(
  order: readonly Way[],
  launchers: Readonly<Record<Way, VisionLauncher>>,
  work: { readonly photo: Uint8Array; readonly clip: Uint8Array },
): Promise<Readonly<Record<Way, Cost>>> {
  const started = new Map<Way, Vision>();
  const cost = { without: { ...nothing }, again: { ...nothing }, with: { ...nothing } };
  const turns = [order, order, order.toReversed()];
  try {
    for (const way of order) started.set(way, await startVision(launchers[way]));
    for (const [index, turn] of turns.entries()) {
      for (const way of turn) {
        const photo = (await started.get(way)?.photo(work.photo)) ?? Number.NaN;
        const frame = (await started.get(way)?.frame(work.clip)) ?? Number.NaN;
        if (index === 0) continue;
        cost[way].photo += photo / (turns.length - 1);
        cost[way].frame += frame / (turns.length - 1);
      }
    }
    return cost;
  } finally {
    await Promise.all([...started.values()].map((each) => each[Symbol.asyncDispose]()));
  }
}

const mean = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0) / values.length;
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

/** How much more than `base` it is in the same rounds, percent: the mean with its standard error. */
function shownDifference(values: readonly number[], base: readonly number[]): string {
  const more = values.map((value, index) => 100 * (value / (base[index] ?? Number.NaN) - 1));
  const middle = mean(more);
  const variance = mean(more.map((each) => (each - middle) ** 2)) * (more.length / (more.length - 1));
  const sign = middle < 0 ? '' : '+';
  return `${sign}${middle.toFixed(1)} ± ${Math.sqrt(variance / more.length).toFixed(1)} %`.padStart(16);
}

/** Units start the built program, so a process beside them has to be that as well. */
function builtLauncher(): VisionLauncher {
  const { isolation, launch } = plainLauncher(undefined);
  const program = [join(programRoot(), 'dist/program/vision.js')];
  // The loader of this script, which would take a part of each start.
  process.execArgv.length = 0;
  return { isolation, launch: (options) => launch({ program, ...options }) };
}

const {
  values: { units },
  positionals,
} = parseArgs({ options: { units: { type: 'boolean', default: false } }, allowPositionals: true });
const [rounds = 8, starts = 20] = positionals.map(Number);
const wall = units
  ? probeUnits('photographs', { ROLLCALL_VISION_SOCKETS: '/run/rollcall-vision' })
  : await probeSandbox();
if (!(rounds >= 2 && starts >= 1) || wall === undefined) process.stderr.write(usage);
else if (!('launch' in wall)) process.stderr.write(`error: ${wall.reason}\n  what to do: ${wall.remedy}\n`);
else {
  const plain = units ? builtLauncher() : plainLauncher(undefined);
  const launchers = { without: plain, again: plain, with: wall };
  const photo = await readFile(join(programRoot(), 'node_modules/@vladmandic/face-api/demo/sample6.jpg'));
  const work = { photo, clip: await readClip() };
  const started = { without: [] as number[], with: [] as number[] };
  for (let index = 0; index < starts; index += 1) {
    // A unit starts no other program.
    const timeOf = units ? readyMs : startMs;
    for (const way of ['without', 'with'] as const) started[way].push(await timeOf(launchers[way]));
  }
  const call = { without: [] as number[], again: [] as number[], with: [] as number[] };
  for (let index = 0; index < rounds && !units; index += 1) {
    for (const way of ways) call[way].push(await callNs(launchers[way]));
  }
  const costs: Readonly<Record<Way, Cost>>[] = [];
  for (let index = 0; index < rounds; index += 1) {
    const first = index % ways.length;
    costs.push(await runRound([...ways.slice(first), ...ways.slice(0, first)], launchers, work));
  }
  const line = (what: string, unit: string, values: Readonly<Record<Way, readonly number[]>>): string => {
    const base = `${mean(values.without).toFixed(unit === 'ms' ? 1 : 0)} ${unit}`.padStart(10);
    const [again, within] = [values.again, values.with].map((each) => shownDifference(each, values.without));
    return `${what.padEnd(32)}${base}${again}${within}`;
  };
  const each = (kind: keyof Cost): Readonly<Record<Way, readonly number[]>> => ({
    without: costs.map(({ without }) => without[kind]),
    again: costs.map(({ again }) => again[kind]),
    with: costs.map((cost) => cost.with[kind]),
  });
  const [slow, fast] = [started.with, started.without].map((times) => `${median(times).toFixed(0)} ms`);
  console.log(
    `${units ? 'unit   ' : 'sandbox'}${'without'.padStart(35)}${'again'.padStart(16)}${'with'.padStart(16)}`,
  );
  console.log(
    `${units ? 'until ready' : 'start'}, median of ${starts}`.padEnd(32) +
      `${fast}`.padStart(10) +
      `${slow}`.padStart(32),
  );
  if (!units) console.log(line('processor time of a system call', 'ns', call));
  console.log(line('processor time of a photo', 'ms', each('photo')));
  console.log(line('processor time of a frame', 'ms', each('frame')));
  console.log(`mean of ${rounds} rounds, with its standard error`);
}
