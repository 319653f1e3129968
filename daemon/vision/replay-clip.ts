import { type Clock, sleep } from '../base/clock.js';
import { VirtualClock } from '../base/virtual-clock.js';
import type { CameraConfig } from '../config/schema.js';
import { trackId } from '../domain/ids.js';
import type { LivenessPolicy } from '../domain/liveness/liveness-verdict.js';
import type { TakeShot } from './best-shot-stage.js';
import type { FaceAnalyser } from './face-analyser.js';
import { openClip } from './ingest/clip-source.js';
import type { FfmpegBinary } from './ingest/ffmpeg-binary.js';
import { CameraSession } from './session.js';
import type { LookSink, StageEvent } from './stage-event.js';

export interface ClipReplayOptions {
  readonly path: string;
  /** Whose rates and smallest face apply. */
  readonly camera: Pick<CameraConfig, 'id' | 'rates' | 'smallestFacePx' | 'maxAnalysisWidthPx'>;
  readonly analyser: FaceAnalyser;
  readonly ffmpeg: FfmpegBinary;
  readonly liveness: LivenessPolicy;
  readonly sameFaceThreshold: number;
  /** A real clock: it paces a replay at real speed and limits how long FFmpeg may take to end. */
  readonly clock: Clock;
  /** `real`: no frame is analysed before its time; `max`: as fast as the machine can. */
  readonly speed: 'max' | 'real';
  /** Makes the pictures that sightings carry. Absent: they carry none. */
  readonly takeShot?: TakeShot;
  /** What comes later in the clip is not looked at, milliseconds from its first frame; absent: all of it is. */
  readonly untilMs?: number;
  /** Hears of every look at a face. */
  readonly onLook?: LookSink | undefined;
}

/** What the stages said about one frame; the last step of a replay is the end of the clip. */
export interface ReplayStep {
  /** Capture time of the frame, milliseconds since the first. */
  readonly atMs: number;
  readonly events: readonly StageEvent[];
}

/**
 * Runs the stages of a camera on a clip: the same code on the same frames, with the clip's own times in place of the
 * clock's. Track ids count from t1 in the order in which faces were first suspected, so the same clip and settings
 * give the same steps. Throws what `openClip` throws.
 */
export async function* replayClip(options: ClipReplayOptions): AsyncGenerator<ReplayStep, void, void> {
  const { path, camera, ffmpeg, clock, speed, untilMs = Number.POSITIVE_INFINITY } = options;
  const { id: cameraId, maxAnalysisWidthPx } = camera;
  const events: StageEvent[] = [];
  const session = openClipSession(options, (event) => events.push(event));
  await using clip = await openClip({ path, cameraId, ffmpeg, clock, maxAnalysisWidthPx });
  const startedMs = clock.monotonicMs();
  let atMs = 0;
  for await (const frame of clip) {
    if (frame.capturedAtMs > untilMs) {
      frame.release();
      break;
    }
    atMs = frame.capturedAtMs;
    try {
      if (speed === 'real') await sleep(clock, Math.max(0, startedMs + atMs - clock.monotonicMs()));
      await session.analyse(frame);
    } finally {
      frame.release();
    }
    if (events.length > 0) yield { atMs, events: events.splice(0) };
  }
  session.end();
  yield { atMs, events: events.splice(0) };
}

/** The stages of a camera as a replay runs them: what they say goes to `sink`. */
export function openClipSession(
  options: Omit<ClipReplayOptions, 'path' | 'ffmpeg' | 'clock' | 'speed' | 'untilMs'>,
  sink: (event: StageEvent) => void,
): CameraSession {
  const { camera, analyser, liveness, sameFaceThreshold } = options;
  let trackCount = 0;
  return new CameraSession({
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
    onLook: options.onLook,
  });
}
