import { fileURLToPath } from 'node:url';
import { providerNames } from '../../daemon/contract/settings/vision-schema.js';
import { type MachineSpeed, machineSpeed } from '../../daemon/host/machine-speed.js';
import { busyProcessorMs } from '../../daemon/host/process-facts.js';
import { hwaccelChoices } from '../../daemon/kernel/video-decoder.js';
import { subscribe } from '../demo-events.js';
import { readOptions } from '../options.js';
import { writeEnrolmentPhotos } from '../virtual-camera/cast.js';
import { accountNow, type Moment } from './cameras-account.js';
import { type CamerasBench, openCameras } from './cameras-box.js';
import { type CameraClip, codecs, usualClip } from './cameras-clip.js';
import { type DividedCores, divideCores, keepTo } from './cameras-cores.js';
import { type Arrival, type CamerasFigures, figuresOf, printFigures } from './cameras-report.js';
import { usageNow } from './cameras-usage.js';

const usage = `The built daemon with several cameras over RTSP: what each camera gets, what it costs, how late events are.

usage: scripts/bench cameras [options]

  --cameras N      virtual cameras, all different moments of one clip (4); with --find, the most that are tried
  --seconds N      how long to measure (60)
  --size WxH       pictures of each camera (1920x1080)
  --fps N          pictures a second (25)
  --codec NAME     h264, hevc or mjpeg (h264)
  --share PERCENT  of the time in which people are in sight; at 100 the same ones stay (75)
  --faces N        people in sight at the same time, side by side (1)
  --together       all cameras show the same moment, so that all see people at once
  --substreams     each camera also has a substream of 640x360 at 15 pictures a second, which the box watches
  --provider NAME  what computes the networks (as the daemon chooses)
  --hwaccel NAME   what decodes the video (none)
  --processes N    vision processes (as the daemon chooses)
  --threads N      threads of each for the networks (as the daemon chooses)
  --cores LIST     processors that the box may use, such as 0,2 (all, which it shares with the cameras)
  --find           the largest number of cameras of which at most 1 % of the due frames are lost
  --dist DIR       the built program (dist)
  --json           one JSON object instead of tables
`;

const settleMs = 15_000;
/** Counters of cameras change once a second. */
const momentMs = 1000;
/** A number of cameras holds while no more of all due frames are lost, and no camera fails. */
const mostLost = 0.01;

/** What a person typed that cannot be measured. */
class UsageError extends Error {}

function whole(text: string, name: string, lowest: number, highest: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= lowest && value <= highest) return value;
  throw new UsageError(`--${name} must be a whole number from ${lowest} to ${highest}, not '${text}'`);
}

function oneOf<Name extends string>(text: string, name: string, names: readonly Name[]): Name {
  const found = names.find((each) => each === text);
  if (found !== undefined) return found;
  throw new UsageError(`--${name} must be one of ${names.join(', ')}, not '${text}'`);
}

function sizeOf(text: string): Pick<CameraClip, 'widthPx' | 'heightPx'> {
  const [, width = '', height = ''] = /^(\d+)x(\d+)$/.exec(text) ?? [];
  if (width === '') throw new UsageError(`--size must look like 640x360, not '${text}'`);
  return { widthPx: whole(width, 'size', 320, 3840), heightPx: whole(height, 'size', 180, 2160) };
}

function coresOf(text: string): DividedCores {
  try {
    return divideCores(text);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(`--cores: ${error.message}`);
    throw error;
  }
}

function readCall() {
  const { values } = readOptions(usage, {
    options: {
      cameras: { type: 'string', default: '4' },
      seconds: { type: 'string', default: '60' },
      size: { type: 'string', default: `${usualClip.widthPx}x${usualClip.heightPx}` },
      fps: { type: 'string', default: String(usualClip.framesPerS) },
      codec: { type: 'string', default: usualClip.codec },
      share: { type: 'string', default: String(100 * usualClip.faceShare) },
      faces: { type: 'string', default: String(usualClip.faces) },
      together: { type: 'boolean', default: false },
      substreams: { type: 'boolean', default: false },
      provider: { type: 'string' },
      hwaccel: { type: 'string', default: 'none' },
      processes: { type: 'string' },
      threads: { type: 'string' },
      cores: { type: 'string' },
      find: { type: 'boolean', default: false },
      dist: { type: 'string', default: fileURLToPath(new URL('../../dist', import.meta.url)) },
      json: { type: 'boolean', default: false },
    },
  });
  const { provider, processes, threads } = values;
  const clip: CameraClip = {
    ...sizeOf(values.size),
    framesPerS: whole(values.fps, 'fps', 5, 60),
    codec: oneOf(values.codec, 'codec', codecs),
    faceShare: whole(values.share, 'share', 0, 100) / 100,
    faces: whole(values.faces, 'faces', 1, 4),
  };
  return {
    clip,
    isJson: values.json,
    isFind: values.find,
    hasSubstreams: values.substreams,
    hwaccel: oneOf(values.hwaccel, 'hwaccel', hwaccelChoices),
    isTogether: values.together,
    program: values.dist,
    cores: values.cores === undefined ? undefined : coresOf(values.cores),
    cameras: whole(values.cameras, 'cameras', 1, 64),
    seconds: whole(values.seconds, 'seconds', 5, 86_400),
    vision: {
      ...(provider === undefined ? {} : { provider: oneOf(provider, 'provider', providerNames) }),
      ...(processes === undefined ? {} : { processes: whole(processes, 'processes', 1, 64) }),
      ...(threads === undefined ? {} : { threads: whole(threads, 'threads', 1, 64) }),
    },
  };
}

async function main(): Promise<void> {
  const options = readCall();
  const { cameras, clip, cores, hasSubstreams, hwaccel, isTogether, isJson, seconds } = options;
  if (cores !== undefined) await keepTo(cores.ofBox);
  const machine = await machineSpeed();
  if (!isJson) printMachine(machine);
  await using bench = await openCameras({
    ...{ cameraCount: cameras, clip, hasSubstreams, isTogether, hwaccel, cores, settleMs },
    program: options.program,
    directory: fileURLToPath(new URL('../../var/bench-cameras', import.meta.url)),
    settings: { vision: options.vision },
  });
  await enrolCast(bench);
  const measure = (count: number): Promise<CamerasFigures> => measureCameras(bench, count, seconds, clip);
  const runs = options.isFind ? await find(cameras, measure, isJson) : [await measure(cameras)];
  if (isJson)
    console.log(
      JSON.stringify({ machine, clip, hasSubstreams, isTogether, hwaccel, broker: bench.broker.name, runs }),
    );
  else if (!options.isFind) for (const figures of runs) printFigures(figures);
}

function printMachine({ cores, alone, together, otherCores }: MachineSpeed): void {
  console.log(
    `machine: ${cores} cores; fixed computation ${alone.toFixed(2)} on one core, ${together.toFixed(2)} on each of all (1e9 multiplications a second); other programs use ${otherCores.toFixed(2)} cores\n`,
  );
}

async function enrolCast({ box }: CamerasBench): Promise<void> {
  await using photos = await writeEnrolmentPhotos();
  for (const id of ['ada', 'bea'] as const)
    await box.command('person', 'add', id, '--image', photos.files[id]);
}

async function measureCameras(
  { box, broker, pids, watchCameras }: CamerasBench,
  count: number,
  seconds: number,
  { framesPerS }: CameraClip,
): Promise<CamerasFigures> {
  const arrivals: Arrival[] = [];
  await using _subscription = await subscribe(broker.url, ({ type, time }) => {
    arrivals.push({ type, afterMs: Date.now() - Date.parse(time) });
  });
  await watchCameras(count);
  const sample = async () => ({
    atMs: performance.now(),
    status: await box.client.call('status.show'),
    usage: usageNow(pids),
    busyMs: busyProcessorMs(),
  });
  const moment = async (): Promise<Moment> => {
    const { cameras } = await box.client.call('status.show');
    return { atMs: performance.now(), cameras, account: accountNow(pids.core) };
  };
  arrivals.length = 0;
  const before = await sample();
  const moments = [await moment()];
  const endMs = before.atMs + seconds * 1000;
  for (let leftMs = endMs - performance.now(); leftMs > 0; leftMs = endMs - performance.now()) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(momentMs, leftMs)));
    moments.push(await moment());
  }
  const after = await sample();
  return figuresOf({ before, after, moments, arrivals, framesPerS });
}

/** Looks for the largest number that holds. Returns every measurement, in the order in which it was made. */
async function find(
  most: number,
  measure: (count: number) => Promise<CamerasFigures>,
  isQuiet: boolean,
): Promise<readonly CamerasFigures[]> {
  const runs: CamerasFigures[] = [];
  let [holds, tooMany] = [0, most + 1];
  while (tooMany - holds > 1) {
    // Doubles while every number holds, then halves what is between.
    const isOpen = tooMany > most;
    const count = isOpen ? Math.min(Math.max(2, 2 * holds), most) : Math.floor((holds + tooMany) / 2);
    const figures = await measure(count);
    runs.push(figures);
    const isHeld = figures.lostShare <= mostLost && figures.failed.length === 0;
    if (isHeld) holds = count;
    else tooMany = count;
    if (!isQuiet) {
      const lost = `${(100 * figures.lostShare).toFixed(1)} % lost, evenness ${figures.evenness.toFixed(2)}`;
      console.log(`${count} cameras: ${lost}, ${figures.failed.length} failed${isHeld ? '' : ': too many'}`);
    }
  }
  const end = tooMany > most ? ' (no more were tried)' : '';
  if (!isQuiet) console.log(`\nat most 1 % of the due frames are lost with up to ${holds} cameras${end}`);
  return runs;
}

try {
  await main();
} catch (error) {
  if (!(error instanceof UsageError)) throw error;
  process.stderr.write(`error: ${error.message}\n\n${usage}`);
  process.exitCode = 2;
}
