import { type ChildProcess, spawn } from 'node:child_process';
import { systemClock } from '../../daemon/host/system-clock.js';
import { cameraId, trackId } from '../../daemon/kernel/ids.js';
import { defaultLivenessPolicy } from '../../daemon/kernel/liveness/liveness-verdict.js';
import { AnalysisTurns } from '../../daemon/vision/analysis-turns.js';
import { CameraLoop } from '../../daemon/vision/camera-loop.js';
import { CameraPipeline } from '../../daemon/vision/camera-pipeline.js';
import { ffmpegCameraSource } from '../../daemon/vision/ingest/camera-opening.js';
import { exitOf } from '../child-end.js';
import { processTimes } from './pipeline-cpu.js';
import { type PassOptions, plainCamera } from './pipeline-pass.js';

export interface LiveOptions extends Pick<PassOptions, 'analyser' | 'ffmpeg' | 'sameFaceThreshold'> {
  /** Of an RTSP server that needs no login. */
  readonly url: string;
  /** How long to measure, milliseconds. */
  readonly measuredMs: number;
  readonly logger: Parameters<typeof ffmpegCameraSource>[0]['logger'];
}

/** What a camera cost in one second, milliseconds of processor time. */
export interface LiveCost {
  readonly nodeMs: number;
  readonly ffmpegMs: number;
  readonly deliveredFps: number;
  /** Frames that came too late: with many, the machine was too busy for the figures to mean anything. */
  readonly lost: number;
}

const wait = (ms: number): Promise<void> => new Promise((resolve) => systemClock.after(ms, resolve));

/** Watches a camera as a box does. Measures from the moment at which the scene rests. */
export async function watchLive(options: LiveOptions, asksForRate: boolean): Promise<LiveCost> {
  const { analyser, ffmpeg, sameFaceThreshold, url, measuredMs, logger } = options;
  const { rates, smallestFacePx, maxAnalysisWidthPx } = plainCamera;
  const closing = new AbortController();
  let trackCount = 0;
  let delivered = 0;
  let dropped = 0;
  let pid = 0;
  let rests: () => void = () => undefined;
  let fails: (error: unknown) => void = () => undefined;
  const resting = new Promise<void>((resolve) => {
    rests = resolve;
  });
  const failed = new Promise<never>((_, reject) => {
    fails = reject;
  });
  const source = ffmpegCameraSource({
    cameraId: cameraId('bench'),
    address: { url, credential: null, transport: 'tcp' },
    ...{ ffmpeg, clock: systemClock, logger, framesPerS: 1.2 * rates.provingFps },
    ...{ maxAnalysisWidthPx, hwaccel: 'none' },
    // On a busy machine, lost frames are counted and no reason to give up.
    ...{ stallAfterS: 60, firstFrameWithinS: 60 },
  });
  const pipeline = new CameraPipeline({
    ...{ cameraId: cameraId('bench'), analyser, sink: () => undefined, clock: systemClock, ...rates },
    newTrackId: () => trackId(`t${++trackCount}`),
    ...{ smallestFacePx, sameFaceThreshold, liveness: defaultLivenessPolicy },
    onAnalysed() {
      const fps = pipeline.deliveryFps();
      if (asksForRate) source.ask(fps);
      if (fps === rates.idleFps) rests();
    },
  });
  await using loop = new CameraLoop({
    ...{ analysis: pipeline, clock: systemClock, seat: new AnalysisTurns(systemClock, () => 1).join() },
    onEnd: fails,
    async onFailure(error) {
      fails(error);
      return 'end';
    },
  });
  const sink = {
    onStarted: (started: number) => {
      pid = started;
    },
    onOpened: () => undefined,
    onFrame: (frame: Parameters<CameraLoop['put']>[0]) => {
      delivered += 1;
      loop.put(frame);
    },
    onDropped: () => {
      dropped += 1;
    },
    onDamage: () => undefined,
  };
  const ended = source.open(sink, { signal: closing.signal });
  void ended.then((end) => {
    if (end.kind === 'failed') fails(new Error(`the stream ended: ${end.failure.message}`));
  });
  try {
    await Promise.race([resting, failed]);
    const taken = () => {
      const { user, system } = process.cpuUsage();
      return {
        nodeMs: (user + system) / 1000,
        ffmpegMs: processTimes(pid).cpuMs,
        delivered,
        lost: dropped + loop.late,
      };
    };
    const before = taken();
    const seconds = await Promise.race([elapsed(measuredMs), failed]);
    const after = taken();
    return {
      nodeMs: (after.nodeMs - before.nodeMs) / seconds,
      ffmpegMs: (after.ffmpegMs - before.ffmpegMs) / seconds,
      deliveredFps: (after.delivered - before.delivered) / seconds,
      lost: after.lost - before.lost,
    };
  } finally {
    closing.abort();
    await ended;
  }
}

/** Decodes the stream of a camera and throws the pictures away, in FFmpeg alone: milliseconds of processor time a second. */
export async function decodeLive({ url, ffmpeg, measuredMs }: LiveOptions): Promise<number> {
  const child: ChildProcess = spawn(
    ffmpeg.path,
    ['-v', 'error', '-nostdin', '-threads', '1', '-rtsp_transport', 'tcp', '-i', url, '-f', 'null', '-'],
    { stdio: 'ignore' },
  );
  const ended = exitOf(child);
  try {
    // The first pictures come at once.
    await wait(2000);
    const before = processTimes(child.pid ?? 0).cpuMs;
    const seconds = await elapsed(measuredMs);
    return (processTimes(child.pid ?? 0).cpuMs - before) / seconds;
  } finally {
    child.kill('SIGKILL');
    await ended;
  }
}

/** Waits; returns how long that took, seconds. */
async function elapsed(ms: number): Promise<number> {
  const fromMs = systemClock.monotonicMs();
  await wait(ms);
  return (systemClock.monotonicMs() - fromMs) / 1000;
}
