import { setTimeout as sleep } from 'node:timers/promises';
import { systemClock } from '../../daemon/host/system-clock.js';
import type { Frame } from '../../daemon/kernel/faces/picture.js';
import { cameraId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { ffmpegCameraSource } from '../../daemon/vision/ingest/camera-opening.js';
import type { CameraSourceOptions } from '../../daemon/vision/ingest/camera-source-options.js';
import { detectFfmpeg } from '../../daemon/vision/ingest/ffmpeg-binary.js';
import type { FrameSource } from '../../daemon/vision/ingest/frame-source.js';
import { restingCameraSource } from '../../daemon/vision/ingest/resting-source.js';
import { SubstreamScene } from '../../daemon/vision/substream-scene.js';
import { readOptions } from '../options.js';
import { renderedClip } from '../virtual-camera/rendered-clip.js';
import { rtspUrl, startRtspServerProcess } from '../virtual-camera/rtsp-server.js';
import { allProcesses } from './cameras-usage.js';
import { quantile } from './measuring.js';
import { encoded, nobodyScenario } from './pipeline-clip.js';
import { cpuTime, processTimes } from './pipeline-cpu.js';

const usage = `One camera of 1080p25 over RTSP, without the networks: what it costs to decode its main stream all the time, or to
let that rest and watch a substream of 640x360 at 15 frames a second; and what it takes to wake the main stream.

usage: scripts/bench substream [options]

  --rounds N   each way is measured so many times, in turn (3)
  --seconds N  how long each time (10)
  --wakes N    how often the main stream is woken (10)
`;

const { values } = readOptions(usage, {
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '10' },
    wakes: { type: 'string', default: '10' },
  },
});

/** Frames a second that the daemon asks for: while a face may have to prove its liveness, and while nobody is in sight. */
const [trackedFps, watchedFps] = [36, 6];

/** Processor time of this process and its present and ended children, milliseconds; `apart`: children that do not count. */
function usedMs(apart: readonly number[]): number {
  const { ownMs, childrenMs } = cpuTime();
  const children = allProcesses().filter(
    ({ pid, parentPid }) => parentPid === process.pid && !apart.includes(pid),
  );
  return children.reduce((sum, { pid }) => sum + processTimes(pid).cpuMs, ownMs + childrenMs);
}

/** Opens a source until disposed. */
function open(source: FrameSource, onFrame: (frame: Frame) => void) {
  const abort = new AbortController();
  let onFirst: () => void = () => undefined;
  const first = new Promise<void>((resolve) => {
    onFirst = resolve;
  });
  const ended = source.open(
    {
      onOpened: () => undefined,
      onFrame(frame) {
        onFirst();
        onFrame(frame);
        frame.release();
      },
      onDropped: () => undefined,
      onDamage: () => undefined,
    },
    abort,
  );
  return {
    first,
    async [Symbol.asyncDispose]() {
      abort.abort();
      await ended;
    },
  };
}

interface Streams {
  readonly main: CameraSourceOptions;
  readonly substream: CameraSourceOptions;
  /** Of the RTSP server. */
  readonly apart: readonly number[];
}

async function spent(seconds: number, { apart }: Streams): Promise<number> {
  const before = usedMs(apart);
  const beganMs = performance.now();
  await sleep(seconds * 1000);
  return (usedMs(apart) - before) / ((performance.now() - beganMs) / 1000);
}

/** Processor time a second, milliseconds. */
async function decoding(streams: Streams, seconds: number): Promise<number> {
  await using main = open(ffmpegCameraSource(streams.main), () => undefined);
  await main.first;
  return await spent(seconds, streams);
}

async function resting(streams: Streams, seconds: number): Promise<number> {
  const scene = new SubstreamScene(40);
  scene.watchSubstream(true);
  await using main = open(restingCameraSource(streams.main), () => undefined);
  await using substream = open(ffmpegCameraSource(streams.substream), (frame) => scene.seeSubstream(frame));
  await Promise.all([main.first, substream.first]);
  return await spent(seconds, streams);
}

/** For each wake: until the first frame, when that was captured after the wake, and the processor time of the decoder, all milliseconds. */
async function wakes(
  streams: Streams,
  count: number,
): Promise<readonly (readonly [number, number, number])[]> {
  const source = restingCameraSource(streams.main);
  let onFrame: (frame: Frame) => void = () => undefined;
  await using main = open(source, (frame) => onFrame(frame));
  await main.first;
  const found: (readonly [number, number, number])[] = [];
  for (let wake = 0; wake < count; wake += 1) {
    // Anywhere in the two seconds between key frames.
    await sleep(1500 + ((wake * 618) % 2000));
    const before = cpuTime().childrenMs;
    const atMs = systemClock.monotonicMs();
    const capturedAtMs = await new Promise<number>((resolve) => {
      onFrame = (frame) => resolve(frame.capturedAtMs);
      source.decode('all');
    });
    const tookMs = systemClock.monotonicMs() - atMs;
    source.decode('none');
    // The decoder counts once it has ended.
    while (cpuTime().childrenMs === before) await sleep(10);
    found.push([tookMs, capturedAtMs - atMs, cpuTime().childrenMs - before]);
  }
  return found;
}

const spread = (each: readonly number[]): string =>
  `${quantile(each, 0.5).toFixed(0)} (${Math.min(...each).toFixed(0)} to ${Math.max(...each).toFixed(0)})`;

async function main(): Promise<void> {
  const [rounds, seconds, count] = [Number(values.rounds), Number(values.seconds), Number(values.wakes)];
  const scenario = nobodyScenario();
  const clean = await renderedClip(scenario);
  const clip = { widthPx: 1920, heightPx: 1080, framesPerS: 25, codec: 'h264' } as const;
  const small = { ...clip, widthPx: 640, heightPx: 360, framesPerS: 15 };
  const mounts = {
    '/main': { file: await encoded(clean, clip) },
    '/sub': { file: await encoded(clean, small) },
  };
  await using server = await startRtspServerProcess({ mounts, transport: 'tcp' });
  const common = {
    ...{
      cameraId: cameraId('bench'),
      ffmpeg: await detectFfmpeg(),
      clock: systemClock,
      logger: silentLogger,
    },
    ...{ maxAnalysisWidthPx: 1920, hwaccel: 'none' as const, stallAfterS: 60, firstFrameWithinS: 60 },
  } as const;
  const at = (mount: string, framesPerS: number): CameraSourceOptions => ({
    ...{ ...common, framesPerS },
    address: { url: rtspUrl(server.port, mount), credential: null, transport: 'tcp' },
  });
  const streams = { main: at('/main', trackedFps), substream: at('/sub', watchedFps), apart: [server.pid] };
  const ways: { readonly decoded: number[]; readonly rested: number[] } = { decoded: [], rested: [] };
  for (let round = 0; round < rounds; round += 1) {
    ways.decoded.push(await decoding(streams, seconds));
    ways.rested.push(await resting(streams, seconds));
  }
  const woken = await wakes(streams, count);
  const ratio = quantile(ways.decoded, 0.5) / quantile(ways.rested, 0.5);
  console.log(`milliseconds of processor time a second, median (least to most) of ${rounds}:`);
  console.log(`  main stream decoded         ${spread(ways.decoded)}`);
  console.log(`  at rest, substream watched  ${spread(ways.rested)}: ${ratio.toFixed(1)} times less`);
  console.log(`waking the main stream, milliseconds, median (least to most) of ${count}:`);
  console.log(`  until the first frame       ${spread(woken.map(([tookMs]) => tookMs))}`);
  console.log(`  that was captured after     ${spread(woken.map(([, capturedMs]) => capturedMs))}`);
  console.log(`  processor time till then    ${spread(woken.map(([, , decoderMs]) => decoderMs))}`);
}

await main();
