import type { FaceLandmarks } from '../domain/faces/face.js';
import type { Box } from '../domain/faces/geometry.js';
import type { Picture } from '../domain/faces/picture.js';
import type { ViewQuality } from '../domain/faces/quality.js';
import type { TrackId } from '../domain/ids.js';
import type { HeadGesture } from '../domain/liveness/head-gesture.js';
import type { Blink, EyeSample, LivenessAssessment } from '../domain/liveness/liveness.js';
import type { Sighting } from '../domain/tracks/sighting.js';
import type { TrackEndReason } from '../domain/tracks/track.js';

/** What the stages of one camera say. `atMs` is the capture time of the frame that decided it. */
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
  /** `blink.atMs` lies before `atMs`: a blink is known when the eyes have opened again. */
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

/** One face in one analysed frame, as the stages saw it. Only replays ask for it: it never leaves the process. */
export interface TrackedLook {
  readonly trackId: TrackId;
  readonly atMs: number;
  readonly landmarks: FaceLandmarks;
  readonly quality: ViewQuality;
  readonly eyes: EyeSample;
  /** Its pixels may be overwritten once the call has returned. */
  readonly picture: Picture;
}

/** Takes every look. Must not throw and must not wait. */
export type LookSink = (look: TrackedLook) => void;

/** Takes what the stages say, in order. Must not throw and must not wait. */
export type StageSink = (event: StageEvent) => void;
