import type { CameraConfig } from '../contract/settings/schema.js';
import { type Clock, sleep } from '../kernel/clock.js';
import { trackId } from '../kernel/ids.js';
import type { LivenessPolicy } from '../kernel/liveness/liveness-verdict.js';
import { present } from '../kernel/present.js';
import { VirtualClock } from '../kernel/virtual-clock.js';
import { CachingFaceAnalyser } from './caching-face-analyser.js';
import { CameraPipeline } from './camera-pipeline.js';
import type { FaceAnalyser } from './face-analyser.js';
import type { ClipLimits } from './ingest/clip-options.js';
import { openClip } from './ingest/clip-source.js';
import type { FfmpegBinary } from './ingest/ffmpeg-binary.js';
import type { TakeShot } from './probe-stage.js';
import type { StageEvent, ViewSink } from './stage-event.js';

export interface ClipReplayOptions {
  readonly path: string;
  /** The camera whose settings apply. */
  readonly camera: Pick<CameraConfig, 'id' | 'rates' | 'smallestFacePx' | 'maxAnalysisWidthPx'>;
  readonly analyser: FaceAnalyser;
  readonly ffmpeg: FfmpegBinary;
  readonly liveness: LivenessPolicy;
  readonly sameFaceThreshold: number;
  /** A real clock: it paces a replay at real speed, and limits how long FFmpeg may take to end. */
  readonly clock: Clock;
  /** `real`: each frame is analysed at its time; `max`: as fast as possible. */
  readonly speed: 'max' | 'real';
  /** Makes the pictures that sightings carry. Absent: they carry none. */
  readonly takeShot?: TakeShot;
  /** For a clip from somebody else. */
  readonly limits?: ClipLimits;
  /** Gets every view of a face. */
  readonly onView?: ViewSink | undefined;
}

/** The events of one frame; the last step of a replay is the end of the clip. */
export interface ReplayStep {
  /** Capture time of the frame, milliseconds since the first. */
  readonly atMs: number;
  readonly events: readonly StageEvent[];
}

/**
 * Runs the stages of a camera on a clip: the same code, with the times of the clip instead of a clock. Track ids count from
 * t1, so the same clip and settings give the same steps. Throws what `openClip` throws.
 */
export async function* replayClip(options: ClipReplayOptions): AsyncGenerator<ReplayStep, void, void> {
  const { path, camera, ffmpeg, clock, speed } = options;
  const { id: cameraId, maxAnalysisWidthPx } = camera;
  const events: StageEvent[] = [];
  const pipeline = openClipPipeline(options, (event) => events.push(event));
  const { limits } = options;
  await using clip = await openClip({
    ...{ path, cameraId, ffmpeg, clock, maxAnalysisWidthPx },
    ...present({ limits }),
  });
  const startedMs = clock.monotonicMs();
  let atMs = 0;
  for await (const frame of clip) {
    atMs = frame.capturedAtMs;
    try {
      if (speed === 'real') await sleep(clock, Math.max(0, startedMs + atMs - clock.monotonicMs()));
      await pipeline.analyse(frame);
    } finally {
      frame.release();
    }
    if (events.length > 0) yield { atMs, events: events.splice(0) };
  }
  pipeline.end();
  yield { atMs, events: events.splice(0) };
}

/** A camera pipeline for a replay; its events go to `sink`. */
export function openClipPipeline(
  options: Omit<ClipReplayOptions, 'path' | 'ffmpeg' | 'clock' | 'speed'>,
  sink: (event: StageEvent) => void,
): CameraPipeline {
  const { camera, analyser, liveness, sameFaceThreshold } = options;
  let trackCount = 0;
  return new CameraPipeline({
    cameraId: camera.id,
    analyser,
    sink,
    // Nothing reads the stage times of a replay.
    clock: new VirtualClock(),
    newTrackId: () => {
      trackCount += 1;
      return trackId(`t${trackCount}`);
    },
    idleFps: camera.rates.idleFps,
    trackingFps: camera.rates.trackingFps,
    provingFps: camera.rates.provingFps,
    smallestFacePx: camera.smallestFacePx,
    liveness,
    sameFaceThreshold,
    takeShot: options.takeShot,
    onView: options.onView,
  });
}

/** The events of one frame under each policy, in the order of the policies. */
interface ShadowStep {
  /** Capture time of the frame, milliseconds since the first. */
  readonly atMs: number;
  readonly events: readonly (readonly StageEvent[])[];
}

/**
 * Runs one camera pipeline for each liveness policy on a clip, side by side. A frame is decoded once, and the networks answer
 * each question about it once: the pipelines differ only in their decisions. Throws what `openClip` throws.
 */
export async function* shadowClip(
  options: Omit<ClipReplayOptions, 'liveness' | 'speed' | 'takeShot'>,
  policies: readonly LivenessPolicy[],
): AsyncGenerator<ShadowStep, void, void> {
  const { path, camera, ffmpeg, clock } = options;
  const { id: cameraId, maxAnalysisWidthPx } = camera;
  const analyser = new CachingFaceAnalyser(options.analyser, 'exact');
  const sides = policies.map((liveness) => {
    const events: StageEvent[] = [];
    return {
      events,
      pipeline: openClipPipeline({ ...options, analyser, liveness }, (event) => events.push(event)),
    };
  });
  await using clip = await openClip({ path, cameraId, ffmpeg, clock, maxAnalysisWidthPx });
  let atMs = 0;
  const step = (): ShadowStep => ({ atMs, events: sides.map(({ events }) => events.splice(0)) });
  for await (const frame of clip) {
    atMs = frame.capturedAtMs;
    try {
      analyser.show(frame.sequence);
      for (const { pipeline } of sides) await pipeline.analyse(frame);
    } finally {
      analyser.forget();
      frame.release();
    }
    if (sides.some(({ events }) => events.length > 0)) yield step();
  }
  for (const { pipeline } of sides) pipeline.end();
  yield step();
}
