import type { Box } from '../domain/faces/geometry.js';
import type { TrackId } from '../domain/ids.js';
import type { HeadGesture } from '../domain/liveness/head-gesture.js';
import type { Blink, LivenessAssessment } from '../domain/liveness/liveness.js';
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

/** Takes what the stages say, in order. Must not throw and must not wait. */
export type StageSink = (event: StageEvent) => void;
