import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import { largestSnapshotBytes } from '../../daemon/contract/vision/vision-answers.js';
import type { Report } from '../../daemon/contract/vision/vision-reports.js';
import { boundChild } from '../../daemon/host/bound-child.js';
import { openConfiguredStore } from '../../daemon/host/models/configured-store.js';
import { programRoot } from '../../daemon/host/program-files.js';
import { systemClock as clock } from '../../daemon/host/system-clock.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { launchChild, visionCommand } from '../../daemon/vision/launched-child.js';
import { plainLauncher } from '../../daemon/vision/plain-launcher.js';
import { clipPlan } from '../../daemon/vision/plan.js';
import { chooseRecogniser } from '../../daemon/vision/recogniser-in-use.js';
import { probeSandbox } from '../../daemon/vision/sandbox-launcher.js';
import { probeUnits } from '../../daemon/vision/unit-launcher.js';
import type { VisionLauncher } from '../../daemon/vision/vision-launcher.js';
import { spawnVisionProcess } from '../../daemon/vision/vision-process.js';
import { bootBox, withoutBootedBox } from '../../test/support/booted-box.js';
import { setUpUnits } from '../../test/support/box-units.js';
import { readOptions } from '../options.js';
import { servedClip, usualClip } from './cameras-clip.js';
import { processTimes } from './pipeline-cpu.js';

const usage = `What the wall of a vision process costs: processor time and time from its start to its first analysed frame, and processor time for a
system call, for a photo, and for a frame of a clip with its FFmpeg. Every process does the same work. Each round starts new processes, in another
order, because two alike differ by some percent for as long as they run: how much, the column "again" says, a second process without a wall.

usage: scripts/bench isolation [--units | --booted] [rounds (8)]

  --units   measures the units of an installed box, as root, instead of the sandbox. Their cost includes their main process, and that of their
            start also what systemd does for it.
  --booted  boots a machine as the tests do, and measures the units there.
`;

const {
  values: { units, booted },
  positionals,
} = readOptions(usage, {
  options: { units: { type: 'boolean', default: false }, booted: { type: 'boolean', default: false } },
  allowPositionals: true,
});

const rounds = Number(positionals[0] ?? 8);

const ways = ['without', 'again', 'with'] as const;
type Way = (typeof ways)[number];

/** Of the clip, seconds and frames. */
const clipS = 2;
const clipFrames = clipS * usualClip.framesPerS;

/** What a process takes, milliseconds; processor time is that of its FFmpeg as well. */
interface Cost {
  /** From its start to its first analysed frame. */
  readonly startWall: number;
  readonly start: number;
  readonly photo: number;
  readonly frame: number;
}

const settings = { site: { id: 'bench', timeZone: 'Etc/UTC' }, vision: { provider: 'cpu' } };
const { name: recogniser } = await chooseRecogniser(await openConfiguredStore(null), 'auto');

/** Each unit of a vision process for photos has a control group here, which counts its processor time. */
const unitGroups = ['/sys/fs/cgroup/system.slice', '/sys/fs/cgroup/unified/system.slice'];

const groupsOfUnits = (): readonly string[] =>
  unitGroups
    // Elsewhere, units of others do not count.
    .filter((folder) => units && existsSync(folder))
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => basename(path).startsWith('rollcall-vision-photos@'));

/** Processor time of all that a unit has run, milliseconds. */
function groupMs(group: string): number {
  const [, us] = /^usage_usec (\d+)$/m.exec(readFileSync(join(group, 'cpu.stat'), 'utf8')) ?? [];
  return Number(us) / 1000;
}

/** Processor time of a process, of whatever surrounds it, and of the children of both that have ended, milliseconds. */
function familyMs(pid: number): number {
  if (pid === process.pid) return 0;
  const { cpuMs, endedChildrenMs, parentPid } = processTimes(pid);
  return cpuMs + endedChildrenMs + familyMs(parentPid);
}

/** A vision process that has analysed its first frame. */
async function startVision(launcher: VisionLauncher, firstFrame: Uint8Array) {
  const before = groupsOfUnits();
  const systemdBeforeMs = processTimes(1).cpuMs;
  const startedMs = clock.monotonicMs();
  let take: (report: Report) => void = () => undefined;
  const vision = spawnVisionProcess({
    ...{ launcher, purpose: 'photographs', readable: [], logger: silentLogger },
    onReport: (report) => take(report),
    askedBytes: () => largestSnapshotBytes,
  });
  const next = (type: Report['type']): Promise<void> =>
    new Promise((resolve, reject) => {
      take = (report) => {
        if (report.type === 'failed') reject(new Error(report.message));
        if (report.type === type) resolve();
      };
    });
  const analyse = async (clip: Uint8Array): Promise<void> => {
    const answered = next('clip');
    const sizes = [clip.length];
    vision.send({ type: 'analyse-clip', request: 0, sizes, fps: 25, isEmbedded: false }, clip);
    await answered;
  };
  const ready = next('ready');
  vision.send({ type: 'start', plan: clipPlan(configSchema.parse(settings), recogniser) });
  await ready;
  const group = groupsOfUnits().find((each) => !before.includes(each));
  const usedMs = (): number => (group === undefined ? familyMs(vision.pid ?? 0) : groupMs(group));
  /** Processor time of what the work brings about. */
  const costOf = async (work: () => Promise<void>): Promise<number> => {
    const before = usedMs();
    await work();
    return usedMs() - before;
  };
  await analyse(firstFrame);
  const startWall = clock.monotonicMs() - startedMs;
  const systemdMs = group === undefined ? 0 : processTimes(1).cpuMs - systemdBeforeMs;
  return {
    startWall,
    start: usedMs() + systemdMs,
    photo: (photo: Uint8Array): Promise<number> =>
      costOf(async () => {
        const answered = next('photo');
        vision.send({ type: 'analyse-photo', request: 0, photograph: 'kept' }, photo);
        await answered;
      }),
    frame: (clip: Uint8Array): Promise<number> => costOf(() => analyse(clip)).then((ms) => ms / clipFrames),
    [Symbol.asyncDispose]: () => vision.stop(3_000),
  };
}

type Vision = Awaited<ReturnType<typeof startVision>>;

interface Work {
  readonly photo: Uint8Array;
  readonly firstFrame: Uint8Array;
  readonly clip: Uint8Array;
}

/** Rendered once, and kept. */
const clipFile = async (): Promise<string> =>
  (await servedClip({ ...usualClip, widthPx: 1280, heightPx: 720, faceShare: 1 })).file;

/** A photo, and the beginning of a clip with one person in sight: 1280x720, H.264 with the noise of a camera. */
async function readWork(): Promise<Work> {
  const photo = await readFile(join(programRoot(), 'node_modules/@vladmandic/face-api/demo/sample6.jpg'));
  const file = await clipFile();
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-bench-'));
  const begin = async (frames: number): Promise<Uint8Array> => {
    const path = join(folder, `${frames}.mp4`);
    const cut = ['-v', 'error', '-i', file, '-frames:v', String(frames), '-c', 'copy', path];
    await promisify(execFile)('ffmpeg', cut);
    return readFile(path);
  };
  try {
    return { photo, firstFrame: await begin(1), clip: await begin(clipFrames) };
  } finally {
    await rm(folder, { recursive: true });
  }
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
  work: Work,
): Promise<Readonly<Record<Way, Cost>>> {
  const started = new Map<Way, Vision>();
  const costs = new Map<Way, Pick<Cost, 'photo' | 'frame'>[]>(order.map((way) => [way, []]));
  try {
    for (const way of order) started.set(way, await startVision(launchers[way], work.firstFrame));
    for (const turn of [order, order, order.toReversed()]) {
      for (const way of turn) {
        const vision = measured(started.get(way));
        const cost = { photo: await vision.photo(work.photo), frame: await vision.frame(work.clip) };
        measured(costs.get(way)).push(cost);
      }
    }
    const costOf = (way: Way): Cost => {
      const { startWall, start } = measured(started.get(way));
      const warm = measured(costs.get(way)).slice(1);
      const [photo, frame] = (['photo', 'frame'] as const).map((kind) =>
        mean(warm.map((each) => each[kind])),
      );
      return { startWall, start, photo: measured(photo), frame: measured(frame) };
    };
    return { without: costOf('without'), again: costOf('again'), with: costOf('with') };
  } finally {
    await Promise.all([...started.values()].map((each) => each[Symbol.asyncDispose]()));
  }
}

function measured<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a measurement is missing');
  return value;
}

const mean = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0) / values.length;
const least = (values: readonly number[]): number => Math.min(...values);
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

/** As units start it, the built program, and with their priority. */
function builtLauncher(): VisionLauncher {
  const program = [join(programRoot(), 'dist/program/vision.js')];
  // The loader of this script, which would take a part of each start.
  process.execArgv.length = 0;
  return {
    ...plainLauncher(undefined),
    launch(launch) {
      const [node, ...args] = visionCommand({ program });
      return launchChild(boundChild(node, args), launch);
    },
  };
}

/** The units of a machine that boots for this. */
async function measureBooted(): Promise<void> {
  // The machine forgets what it renders.
  await clipFile();
  await using box = await bootBox();
  await setUpUnits(box);
  const path = `PATH=${dirname(process.execPath)}:$PATH`;
  process.stdout.write(
    await box.must(`systemctl start rollcalld\n${path} scripts/bench isolation --units ${rounds}`),
  );
}

async function measure(wall: VisionLauncher): Promise<void> {
  const plain = units ? builtLauncher() : plainLauncher(undefined);
  const launchers = { without: plain, again: plain, with: wall };
  const work = await readWork();
  const calls = { without: [] as number[], again: [] as number[], with: [] as number[] };
  const costs: Readonly<Record<Way, Cost>>[] = [];
  for (let index = 0; index < rounds; index += 1) {
    const first = index % ways.length;
    const order = [...ways.slice(first), ...ways.slice(0, first)];
    // A unit starts no other program.
    for (const way of units ? [] : order) calls[way].push(await callNs(launchers[way]));
    costs.push(await runRound(order, launchers, work));
  }
  const each = (kind: keyof Cost): Readonly<Record<Way, readonly number[]>> => ({
    without: costs.map(({ without }) => without[kind]),
    again: costs.map(({ again }) => again[kind]),
    with: costs.map((cost) => cost.with[kind]),
  });
  console.log(
    (units ? 'unit' : 'sandbox').padEnd(46) +
      ways.map((way) => way.padStart(way === 'without' ? 10 : 16)).join(''),
  );
  for (const [what, kind] of [
    ['to the first frame', 'startWall'],
    ['processor time to the first frame', 'start'],
  ] as const) {
    console.log(line(`${what}, least`, each(kind), least));
    console.log(line(`${what}, median`, each(kind), median));
  }
  const shown = [['photo', each('photo')] as const, ['frame', each('frame')] as const];
  if (!units) console.log(compared('processor time of a system call', 'ns', calls));
  for (const [what, values] of shown) console.log(compared(`processor time of a ${what}`, 'ms', values));
  console.log(`${rounds} rounds; differences are means with their standard errors`);
}

function line(
  what: string,
  values: Readonly<Record<Way, readonly number[]>>,
  of: (all: readonly number[]) => number,
): string {
  const base = of(values.without);
  const more = (way: Way): string => {
    const ms = of(values[way]) - base;
    return `${ms < 0 ? '' : '+'}${ms.toFixed(0)} ms`.padStart(16);
  };
  return `${what.padEnd(46)}${`${base.toFixed(0)} ms`.padStart(10)}${more('again')}${more('with')}`;
}

function compared(what: string, unit: 'ms' | 'ns', values: Readonly<Record<Way, readonly number[]>>): string {
  const base = `${mean(values.without).toFixed(unit === 'ms' ? 1 : 0)} ${unit}`.padStart(10);
  const [again, within] = [values.again, values.with].map((each) => shownDifference(each, values.without));
  return `${what.padEnd(46)}${base}${again}${within}`;
}

const wall = units
  ? probeUnits('photographs', { ROLLCALL_VISION_SOCKETS: '/run/rollcall-vision' })
  : await probeSandbox();
if (!(rounds >= 2) || wall === undefined) process.stderr.write(usage);
else if (booted && withoutBootedBox !== false) process.stderr.write(`error: ${withoutBootedBox}\n`);
else if (booted) await measureBooted();
else if ('launch' in wall) await measure(wall);
else process.stderr.write(`error: ${wall.reason}\n  what to do: ${wall.remedy}\n`);
