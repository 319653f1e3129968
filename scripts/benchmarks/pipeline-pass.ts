import { spawn } from 'node:child_process';
import { cameraSchema } from '../../daemon/contract/settings/camera-schema.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { cameraId, trackId } from '../../daemon/kernel/ids.js';
import { defaultLivenessPolicy } from '../../daemon/kernel/liveness/liveness-verdict.js';
import { CameraPipeline } from '../../daemon/vision/camera-pipeline.js';
import type { FaceAnalyser } from '../../daemon/vision/face-analyser.js';
import { openClip } from '../../daemon/vision/ingest/clip-source.js';
import type { FfmpegBinary } from '../../daemon/vision/ingest/ffmpeg-binary.js';
import { exitOf } from '../child-end.js';
import { type CpuTime, cpuTime, since } from './pipeline-cpu.js';

export interface PassOptions {
  readonly clip: string;
  readonly analyser: FaceAnalyser;
  readonly ffmpeg: FfmpegBinary;
  readonly sameFaceThreshold: number;
  /** Frames analysed per second, of a face that has proven to be live and of one that has not. */
  readonly fps: number;
}

export interface Pass {
  readonly cpu: CpuTime;
  readonly counters: Readonly<Record<string, number>>;
}

/** A camera as it is when nothing is configured. */
export const plainCamera = cameraSchema.parse({ id: 'bench', name: 'Bench', url: 'rtsp://127.0.0.1/none' });

/**
 * The production stages on the whole clip, as fast as they go: FFmpeg decodes and delivers what a camera would at the
 * rate, the stages do the rest.
 */
export async function productionPass(options: PassOptions): Promise<Pass> {
  const { clip, analyser, ffmpeg, sameFaceThreshold, fps } = options;
  const { smallestFacePx, maxAnalysisWidthPx, rates } = plainCamera;
  const before = cpuTime();
  let trackCount = 0;
  const session = new CameraPipeline({
    cameraId: cameraId('bench'),
    analyser,
    sink: () => undefined,
    clock: systemClock,
    newTrackId: () => {
      trackCount += 1;
      return trackId(`t${trackCount}`);
    },
    ...{ ...rates, trackingFps: fps, provingFps: fps },
    smallestFacePx,
    liveness: defaultLivenessPolicy,
    sameFaceThreshold,
  });
  {
    await using frames = await openClip({
      path: clip,
      cameraId: cameraId('bench'),
      ffmpeg,
      clock: systemClock,
      fps,
      maxAnalysisWidthPx,
    });
    for await (const frame of frames) {
      await session.analyse(frame);
      frame.release();
    }
  }
  session.end();
  return { cpu: since(before), counters: session.counters };
}

/** Decodes the clip and throws the pictures away: what no program that looks at it can do without. */
export async function decodeAlone(clip: string, ffmpeg: FfmpegBinary): Promise<number> {
  const before = cpuTime();
  const options = [
    '-v',
    'error',
    '-nostdin',
    '-threads',
    '1',
    '-i',
    clip,
    '-map',
    '0:v:0',
    '-f',
    'null',
    '-',
  ];
  const child = spawn(ffmpeg.path, options, { stdio: 'ignore' });
  const { code } = await exitOf(child);
  if (code !== 0) throw new Error(`ffmpeg cannot decode ${clip}: exit code ${code}`);
  return since(before).childrenMs;
}
