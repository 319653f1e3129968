import type { FaceLandmarks } from '../kernel/faces/face.js';
import type { Box } from '../kernel/faces/geometry.js';
import type { Picture } from '../kernel/faces/picture.js';
import type { ViewQuality } from '../kernel/faces/quality.js';
import type { TrackId } from '../kernel/ids.js';
import type { HeadGesture } from '../kernel/liveness/head-gesture.js';
import type { SeenStep } from '../kernel/liveness/inner-motion.js';
import type { Blink, EyeSample, LivenessAssessment } from '../kernel/liveness/liveness.js';
import type { Sighting } from '../kernel/tracks/sighting.js';
import type { TrackEndReason } from '../kernel/tracks/track.js';

/** An event of one camera's stages. `atMs` is the capture time of the frame that decided it. */
export type StageEvent =
  | {
      readonly type: 'track.started';
      readonly atMs: number;
      readonly trackId: TrackId;
      readonly firstSeenMs: number;
      readonly box: Box;
    }
  | {
      readonly type: 'track.ended';
      readonly atMs: number;
      readonly trackId: TrackId;
      readonly firstSeenMs: number;
      readonly lastSeenMs: number;
      readonly reason: TrackEndReason;
    }
  /** `blink.atMs` is before `atMs`: a blink is known once the eyes have opened again. */
  | { readonly type: 'blink'; readonly atMs: number; readonly trackId: TrackId; readonly blink: Blink }
  | {
      readonly type: 'gesture';
      readonly atMs: number;
      readonly trackId: TrackId;
      readonly gesture: HeadGesture;
    }
  /** The verdict changed. */
  | {
      readonly type: 'liveness';
      readonly atMs: number;
      readonly trackId: TrackId;
      readonly assessment: LivenessAssessment;
    }
  | { readonly type: 'sighting'; readonly atMs: number; readonly sighting: Sighting };

/** The view of one face in one frame, for replays and live pictures. */
export interface TrackedView {
  readonly trackId: TrackId;
  readonly atMs: number;
  readonly landmarks: FaceLandmarks;
  readonly quality: ViewQuality;
  readonly eyes: EyeSample;
  /** What a comparison of the face with itself showed that this frame completed. */
  readonly motion?: SeenStep | undefined;
  /** Its pixels may be overwritten once the call has returned. */
  readonly picture: Picture;
}

/** Receives every view. Must not throw and must not block. */
export type ViewSink = (view: TrackedView) => void;

/** Receives all events in order. Must not throw and must not block. */
export type StageSink = (event: StageEvent) => void;
