import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { CameraStatus } from '../../daemon/contract/cameras.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { Lifetime } from '../../daemon/kernel/lifetime.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { readOptions } from '../options.js';
import { type RtspServerProcess, rtspUrl, startRtspServerProcess } from '../virtual-camera/rtsp-server.js';
import { startBox } from './cameras-box.js';
import { startBroker } from './cameras-broker.js';
import { servedClip, usualClip } from './cameras-clip.js';
import { usageNow } from './cameras-usage.js';
import { printSoak, type SoakSample, starvedBetween } from './soak-report.js';

const usage = `The built daemon for a long time with cameras that go and come back, freeze, and flood: does its memory grow, does a camera stay away?

usage: scripts/bench soak [options]

  --minutes N   how long faults happen (60); a calm minute follows, after which every camera must stream
  --cameras N   virtual cameras, each with a server of its own (4)
  --size WxH    pictures of each camera (640x360)
  --fps N       pictures a second (15)
  --seed N      of the faults (1)
  --json        one JSON object instead of tables

It ends with 1 if a camera doesn't stream or is not analysed at the end.
`;

const sampleEveryMs = 10_000;
/** How long each fault lasts, and the calm after it, milliseconds. A frozen camera counts as dead after 5 s. */
const faultMs = { goes: 8_000, freezes: 12_000, floods: 3_000 } as const;
const calmMs = 15_000;
const recoveryMs = 60_000;

type Fault = keyof typeof faultMs;

/** A camera behind a server of its own, which can be killed, stopped, and started again at the same port. */
class FaultyCamera implements AsyncDisposable {
  readonly id: string;
  readonly #start: (port: number) => Promise<RtspServerProcess>;
  #server: RtspServerProcess;

  private constructor(
    id: string,
    start: (port: number) => Promise<RtspServerProcess>,
    server: RtspServerProcess,
  ) {
    this.id = id;
    this.#start = start;
    this.#server = server;
  }

  static async open(id: string, start: (port: number) => Promise<RtspServerProcess>): Promise<FaultyCamera> {
    return new FaultyCamera(id, start, await start(0));
  }

  get url(): string {
    return rtspUrl(this.#server.port, '/live');
  }

  /** Resolves when the fault is over. */
  async suffer(fault: Fault, signal: AbortSignal): Promise<void> {
    const server = this.#server;
    const wait = (): Promise<void> => sleep(faultMs[fault], undefined, { signal }).catch(() => undefined);
    if (fault === 'goes') {
      server.kill('SIGKILL');
      await server.ended;
      await wait();
      this.#server = await this.#start(server.port);
    } else {
      // Frozen for long it counts as dead. Frozen for a moment, it then sends all at once what it held back.
      server.kill('SIGSTOP');
      await wait();
      server.kill('SIGCONT');
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server[Symbol.asyncDispose]();
  }
}

function readCall() {
  const { values } = readOptions(usage, {
    options: {
      minutes: { type: 'string', default: '60' },
      cameras: { type: 'string', default: '4' },
      size: { type: 'string', default: '640x360' },
      fps: { type: 'string', default: '15' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
    },
  });
  const [minutes, cameras, fps, seed] = [values.minutes, values.cameras, values.fps, values.seed].map(Number);
  const [widthPx, heightPx] = values.size.split('x').map(Number);
  return { minutes, cameras, fps, seed, widthPx, heightPx, isJson: values.json };
}

async function main(): Promise<number> {
  const {
    minutes = 0,
    cameras: count = 0,
    fps = 0,
    seed = 0,
    widthPx = 0,
    heightPx = 0,
    ...rest
  } = readCall();
  const isUsable = minutes > 0 && count >= 1 && count <= 64 && fps >= 5 && widthPx >= 320 && heightPx >= 180;
  if (!isUsable) {
    process.stderr.write(usage);
    return 2;
  }
  const { file, startAtS } = await servedClip({ ...usualClip, widthPx, heightPx, framesPerS: fps });
  await using broker = await startBroker();
  await using lifetime = new Lifetime(systemClock);
  const cameras: FaultyCamera[] = [];
  for (let index = 0; index < count; index += 1) {
    const mounts = { '/live': { file, startAtS: startAtS(index) } };
    const start = (port: number) => startRtspServerProcess({ mounts, port, transport: 'tcp' });
    const id = `camera-${index + 1}`;
    cameras.push(lifetime.use(id, await FaultyCamera.open(id, start)));
  }
  await using box = await startBox({
    directory: fileURLToPath(new URL('../../var/bench-soak', import.meta.url)),
    program: fileURLToPath(new URL('../../dist', import.meta.url)),
    brokerUrl: broker.url,
    settings: {},
  });
  await box.setCameras(cameras.map(({ id, url }) => ({ id, name: id, url })));

  const startedMs = performance.now();
  const samples: SoakSample[] = [];
  let before: readonly CameraStatus[] = [];
  const sample = async (): Promise<void> => {
    const { cameras: now, conditions } = await box.client.call('status.show');
    const { core, vision, ffmpeg } = usageNow({ core: box.pid, rtsp: 0, broker: broker.pid });
    samples.push({
      minute: (performance.now() - startedMs) / 60_000,
      memoryMiB: { core: core.memoryMiB, vision: vision.memoryMiB, ffmpeg: ffmpeg.memoryMiB },
      failed: now.flatMap(({ id, state, code = '' }) => (state === 'failed' ? [`${id} ${code}`] : [])),
      starved: starvedBetween(before, now),
      restarts: now.reduce((sum, { counters }) => sum + (counters['restarts'] ?? 0), 0),
      conditions: conditions.filter((condition) => condition !== 'running'),
    });
    before = now;
  };

  const end = new AbortController();
  const counts = { goes: 0, freezes: 0, floods: 0 };
  const random = seededRandom(seed);
  const weather = cameras.map(async (camera) => {
    while (!end.signal.aborted) {
      await sleep(calmMs * (0.5 + random.unit()), undefined, { signal: end.signal }).catch(() => undefined);
      if (end.signal.aborted) return;
      const kinds = Object.keys(faultMs) as Fault[];
      const fault = kinds[Math.floor(random.unit() * kinds.length)] ?? 'goes';
      counts[fault] += 1;
      await camera.suffer(fault, end.signal);
    }
  });
  while (performance.now() - startedMs < minutes * 60_000) {
    await sleep(sampleEveryMs);
    await sample();
  }
  end.abort();
  await Promise.all(weather);
  await sleep(recoveryMs - sampleEveryMs);
  await sample();
  await sleep(sampleEveryMs);
  await sample();
  const last = samples.at(-1);
  const isWell = last !== undefined && last.failed.length === 0 && last.starved.length === 0;
  if (rest.isJson) console.log(JSON.stringify({ minutes, count, faults: counts, samples, isWell }));
  else printSoak(samples, counts, isWell);
  return isWell ? 0 : 1;
}

process.exitCode = await main();
