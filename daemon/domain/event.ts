import type { CameraId, EventId, PersonId, RecogniserId, TrackId } from './ids.js';
import type { LivenessReason, LivenessVerdict } from './liveness.js';

/** Which way a camera looks at a door: what an attendance at it means. */
export type Direction = 'in' | 'out' | 'both';

/** The evidence that decided, as it is published. Times are ISO 8601 in UTC. */
export interface PublishedLiveness {
  readonly verdict: LivenessVerdict;
  readonly reason: LivenessReason;
  readonly blinks: readonly { readonly time: string; readonly durationS: number }[];
  readonly observedS: number;
  readonly frameCount: number;
  readonly passiveScore?: number;
}

interface FactAboutTrack {
  /** When it was decided: capture time of the frame that decided, wall clock, milliseconds since the epoch. */
  readonly occurredAtMs: number;
  readonly cameraId: CameraId;
  readonly trackId: TrackId;
  readonly recogniser: RecogniserId;
  readonly liveness: PublishedLiveness;
}

/** A live, enrolled person was seen. */
export interface AttendanceFact extends FactAboutTrack {
  readonly kind: 'attendance';
  readonly personId: PersonId;
  readonly direction: Direction;
  readonly similarity: number;
  readonly threshold: number;
}

/** Somebody who matches nobody in the gallery was seen. */
export interface UnknownFact extends FactAboutTrack {
  readonly kind: 'unknown';
  /** Similarity to the nearest person; null where the gallery is empty. */
  readonly bestSimilarity: number | null;
  readonly threshold: number;
}

/** A picture, screen or mask was presented instead of a live face (ISO/IEC 30107). */
export interface AttackFact extends FactAboutTrack {
  readonly kind: 'attack';
  /** Whom the presented face resembles, where that was decided. */
  readonly personId: PersonId | null;
  readonly similarity: number | null;
}

/** What the box decides and publishes. */
export type Fact = AttendanceFact | UnknownFact | AttackFact;

/** A fact once recorded: it has an identity and a place in the box's order. */
export type RecordedEvent = Fact & {
  readonly id: EventId;
  /** Strictly increasing per box, without gaps. */
  readonly sequence: number;
  readonly recordedAtMs: number;
};
