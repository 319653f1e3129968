import { execFile, spawn } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { stringify } from 'yaml';
import { ControlClient } from '../../daemon/core/api/client.js';
import type { HwaccelChoice } from '../../daemon/kernel/video-decoder.js';
import { exitOf } from '../child-end.js';
import { rtspUrl, startRtspServerProcess } from '../virtual-camera/rtsp-server.js';
import { type Broker, startBroker } from './cameras-broker.js';
import { type CameraClip, servedClip } from './cameras-clip.js';
import { type DividedCores, keepTo } from './cameras-cores.js';

const readyPollMs = 200;
const readyWithinMs = 90_000;

interface BoxOptions {
  /** A new directory with everything of the box. */
  readonly directory: string;
  /** The built program. */
  readonly program: string;
  readonly brokerUrl: string;
  /** Merged into the configuration. */
  readonly settings: Readonly<Record<string, unknown>>;
}

/** A box of its own: configuration, key, and the built daemon as a child. */
export interface BenchBox extends AsyncDisposable {
  /** Of the core process; the others are below it. */
  readonly pid: number;
  readonly client: ControlClient;
  readonly logPath: string;
  /** Runs the `rollcall` command against this box; rejects when it fails. */
  command(...args: readonly string[]): Promise<string>;
  /** Sets the cameras and tells the daemon. */
  setCameras(cameras: readonly Readonly<Record<string, unknown>>[]): Promise<void>;
}

export async function startBox({ directory, program, brokerUrl, settings }: BoxOptions): Promise<BenchBox> {
  const daemonPath = join(program, 'program/rollcalld.js');
  if (!existsSync(daemonPath)) throw new Error(`${daemonPath} is not there: run "npm run build" first`);
  await rm(directory, { recursive: true, force: true });
  await mkdir(join(directory, 'secrets'), { recursive: true, mode: 0o700 });
  const configPath = join(directory, 'rollcall.yaml');
  const logPath = join(directory, 'rollcalld.log');
  const socketPath = join(directory, 'run', 'control.sock');
  const configuration = {
    site: { id: 'bench-site', timeZone: 'Europe/Paris' },
    box: { id: 'bench-box' },
    mqtt: { url: brokerUrl },
    dataDir: join(directory, 'data'),
    secretsDir: join(directory, 'secrets'),
    control: { socketPath },
    rules: { attendanceCooldownS: 0, unknownCooldownS: 0, attackCooldownS: 0 },
    ...settings,
  };
  const write = (cameras: readonly unknown[]): Promise<void> =>
    writeFile(configPath, stringify({ ...configuration, cameras }));
  const command = async (...args: readonly string[]): Promise<string> => {
    const cli = [join(program, 'program/rollcall.js'), ...args, '--config', configPath];
    return (await promisify(execFile)(process.execPath, cli)).stdout;
  };
  await write([]);
  await command('key', 'init');
  const daemon = spawn(process.execPath, [daemonPath, '--config', configPath], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  daemon.stderr.pipe(createWriteStream(logPath));
  const client = new ControlClient(socketPath);
  const box: BenchBox = {
    pid: daemon.pid ?? 0,
    client,
    logPath,
    command,
    async setCameras(cameras) {
      await write(cameras);
      daemon.kill('SIGHUP');
    },
    async [Symbol.asyncDispose]() {
      daemon.kill('SIGTERM');
      await exitOf(daemon);
    },
  };
  const isRunning = async (): Promise<boolean> => {
    if (daemon.exitCode !== null) throw new Error(`rollcalld ended; read ${logPath}`);
    const status = await client.call('status.show').catch(() => undefined);
    return status?.vision.every(({ state }) => state === 'running') === true;
  };
  await until(`rollcalld to run; read ${logPath}`, isRunning);
  return box;
}

export interface CamerasOptions extends Omit<BoxOptions, 'brokerUrl'> {
  /** How many there are; `watchCameras` configures them, or some of them. */
  readonly cameraCount: number;
  readonly clip: CameraClip;
  /** Whether each camera also has a substream, which the box watches. Default: not. */
  readonly hasSubstreams?: boolean;
  /** What decodes the video of each camera. */
  readonly hwaccel?: HwaccelChoice;
  /** Whether all cameras show the same moment of the clip. Default: different ones. */
  readonly isTogether?: boolean;
  /** Processors of the box and of everything else. Default: they share all. */
  readonly cores?: DividedCores | undefined;
  /** Tracks begin, code is compiled, memory is claimed: so long after the first pictures nothing is measured. */
  readonly settleMs: number;
}

/** A box with its broker and its cameras. */
export interface CamerasBench extends AsyncDisposable {
  readonly box: BenchBox;
  readonly broker: Broker;
  /** What is measured apart. */
  readonly pids: { readonly core: number; readonly rtsp: number; readonly broker: number };
  /** Configures the first `count` cameras, or all; resolves when they stream, or have failed, and have settled. */
  watchCameras(count?: number): Promise<void>;
}

/** Starts a broker, virtual cameras that show different parts of one clip, and a box that has no camera yet. */
export async function openCameras(options: CamerasOptions): Promise<CamerasBench> {
  const {
    cameraCount,
    clip,
    hasSubstreams = false,
    isTogether = false,
    hwaccel = 'none',
    cores,
    settleMs,
    ...boxOptions
  } = options;
  const ids = Array.from({ length: cameraCount }, (_, index) => `camera-${index + 1}`);
  const { file, startAtS, small } = await servedClip(clip);
  const substreamFile = hasSubstreams ? await small() : file;
  const mounts = ids.flatMap((id, index) => {
    const from = startAtS(isTogether ? 0 : index);
    // Both streams show the same moment, also where the box had to open one again.
    const shown = { startAtS: from, isUnceasing: true };
    return [
      [`/${id}`, { ...shown, file }] as const,
      [`/${id}/sub`, { ...shown, file: substreamFile }] as const,
    ];
  });
  const opened: AsyncDisposable[] = [];
  const close = async (): Promise<void> => {
    for (const each of opened.splice(0).reverse()) await each[Symbol.asyncDispose]();
  };
  try {
    if (cores !== undefined) await keepTo(cores.ofOthers);
    const broker = await startBroker();
    opened.push(broker);
    const rtsp = await startRtspServerProcess({ mounts: Object.fromEntries(mounts), transport: 'tcp' });
    opened.push(rtsp);
    if (cores !== undefined) await keepTo(cores.ofBox);
    const box = await startBox({ ...boxOptions, brokerUrl: broker.url });
    opened.push(box);
    if (cores !== undefined) await keepTo(cores.ofOthers);
    const watchCameras = async (count = ids.length): Promise<void> => {
      const watched = ids.slice(0, count);
      const substreamOf = (id: string) =>
        hasSubstreams ? { substream: rtspUrl(rtsp.port, `/${id}/sub`) } : {};
      await box.setCameras(
        watched.map((id) => ({
          ...{ id, name: id, url: rtspUrl(rtsp.port, `/${id}`), hwaccel },
          ...substreamOf(id),
        })),
      );
      await until('all cameras to stream or fail', async () => {
        const { cameras } = await box.client.call('status.show');
        return (
          cameras.length === count &&
          cameras.every(({ state }) => state === 'streaming' || state === 'failed')
        );
      });
      await new Promise((resolve) => setTimeout(resolve, settleMs));
    };
    const pids = { core: box.pid, rtsp: rtsp.pid, broker: broker.pid };
    return { box, broker, pids, watchCameras, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Waits for something that can be seen. Throws, naming it, when it does not come. */
async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + readyWithinMs;
  while (!(await isSo())) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, readyPollMs));
  }
}
