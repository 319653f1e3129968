import { systemClock as clock } from '../../daemon/host/system-clock.js';
import type { Frame, Yuv420Picture } from '../../daemon/kernel/faces/picture.js';
import { cameraId, trackId } from '../../daemon/kernel/ids.js';
import { defaultLivenessPolicy } from '../../daemon/kernel/liveness/liveness-verdict.js';
import { CameraPipeline } from '../../daemon/vision/camera-pipeline.js';
import type { FaceAnalyser } from '../../daemon/vision/face-analyser.js';
import type { Clip } from './inference-pictures.js';
import { quantile } from './measuring.js';

export interface CamerasOptions {
  readonly analyser: FaceAnalyser;
  readonly clips: readonly Clip[];
  readonly cameras: number;
  readonly framesPerS: number;
  readonly sameFaceThreshold: number;
  /** Frames of the first seconds do not count: tracks begin, and what is due at once spreads. */
  readonly warmUpS: number;
  readonly seconds: number;
}

export interface CamerasMeasured {
  readonly cameras: number;
  readonly due: number;
  /** Replaced by a newer frame before their turn came. */
  readonly lost: number;
  /** Analysed, but only after the next frame was due. */
  readonly late: number;
  /** From when the frame was due to its result, milliseconds. */
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  /** Processor time of this process with all its threads per analysed frame, milliseconds. */
  readonly cpuPerFrameMs: number;
  /** Share of the time in which the thread that runs the networks was busy, 0..1. */
  readonly busy: number;
  readonly facesInSight: number;
}

interface Tally {
  due: number;
  lost: number;
  readonly latenciesMs: number[];
}

/**
 * Cameras that deliver frames at a steady rate, each with the production stages. All share one analyser, and their calls overlap. A
 * camera analyses one frame at a time and always takes the newest, as in production.
 */
export async function runCameras(options: CamerasOptions): Promise<CamerasMeasured> {
  const { analyser, clips, framesPerS, sameFaceThreshold, warmUpS, seconds } = options;
  const startMs = clock.monotonicMs() + 50;
  const countFromMs = startMs + warmUpS * 1000;
  const endMs = countFromMs + seconds * 1000;
  const tally: Tally = { due: 0, lost: 0, latenciesMs: [] };
  let tracks = 0;
  const pipelines = Array.from({ length: options.cameras }, (_, index) => {
    const id = cameraId(`bench-${index}`);
    const pipeline = new CameraPipeline({
      ...{ cameraId: id, analyser, clock, sameFaceThreshold },
      ...{ idleFps: framesPerS, trackingFps: framesPerS, provingFps: framesPerS, smallestFacePx: 40 },
      sink: () => undefined,
      liveness: defaultLivenessPolicy,
      newTrackId: () => {
        tracks += 1;
        return trackId(`t${tracks}`);
      },
    });
    return { id, pipeline, clip: clips[index % clips.length] as Clip };
  });
  let facesInSight = 0;
  const idle = performance.eventLoopUtilization();
  let loop = idle;
  let cpu = process.cpuUsage();
  const fromCount = clock.after(countFromMs - clock.monotonicMs(), () => {
    cpu = process.cpuUsage();
    loop = performance.eventLoopUtilization();
  });
  await Promise.all(
    pipelines.map(async ({ id, pipeline, clip }, index) => {
      const intervalMs = 1000 / framesPerS;
      const phaseMs = (index / pipelines.length) * intervalMs;
      for (let sequence = 0; ; ) {
        const capturedAtMs = startMs + phaseMs + sequence * intervalMs;
        if (capturedAtMs >= endMs) break;
        await until(capturedAtMs);
        // Where the last frame took longer than an interval, the newest that is due by now. A timer may fire a little early.
        const behind = Math.max(0, Math.floor((clock.monotonicMs() - capturedAtMs) / intervalMs));
        const newestMs = capturedAtMs + behind * intervalMs;
        await pipeline.analyse(
          frameOf(clip, { cameraId: id, sequence: sequence + behind + 3 * index, newestMs }),
        );
        const isCounted = newestMs >= countFromMs && newestMs < endMs;
        if (isCounted) tally.latenciesMs.push(clock.monotonicMs() - newestMs);
        for (let step = 0; step <= behind; step++) {
          const dueMs = capturedAtMs + step * intervalMs;
          if (dueMs < countFromMs || dueMs >= endMs) continue;
          tally.due += 1;
          if (step < behind) tally.lost += 1;
        }
        sequence += behind + 1;
      }
      facesInSight += pipeline.faceCount;
      pipeline.end();
    }),
  );
  fromCount.cancel();
  const used = process.cpuUsage(cpu);
  const { latenciesMs } = tally;
  return {
    ...{ cameras: options.cameras, due: tally.due, lost: tally.lost, facesInSight },
    late: latenciesMs.filter((ms) => ms > 1000 / framesPerS).length,
    latencyMs: {
      p50: quantile(latenciesMs, 0.5),
      p95: quantile(latenciesMs, 0.95),
      p99: quantile(latenciesMs, 0.99),
    },
    cpuPerFrameMs: (used.user + used.system) / 1000 / latenciesMs.length,
    busy: performance.eventLoopUtilization(loop).utilization,
  };
}

/** The share of the frames that were due and whose result was late, or never came. */
export const lateShare = ({ due, lost, late }: CamerasMeasured): number => (lost + late) / Math.max(1, due);

function until(atMs: number): Promise<void> {
  const waitMs = atMs - clock.monotonicMs();
  if (waitMs <= 0) return Promise.resolve();
  return new Promise((resolve) => {
    clock.after(waitMs, resolve);
  });
}

function frameOf(
  { pictures }: Clip,
  at: { readonly cameraId: Frame['cameraId']; readonly sequence: number; readonly newestMs: number },
): Frame {
  // Forwards, then backwards: the face never jumps.
  const round = 2 * pictures.length - 2;
  const place = at.sequence % round;
  const picture = pictures[place < pictures.length ? place : round - place] as Yuv420Picture;
  return {
    ...{ cameraId: at.cameraId, sequence: at.sequence, capturedAtMs: at.newestMs, picture },
    release: () => undefined,
  };
}
