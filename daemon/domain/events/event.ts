import type { AmbiguityReason, CandidatePair } from '../identification/match.js';
import type { CameraId, EventId, PersonId, RecogniserId, TrackId } from '../ids.js';
import type { ChallengeReason, LivenessReason, LivenessVerdict } from '../liveness/liveness.js';
import type { Notice } from './notice.js';

/** Which way a camera looks at a door: what an attendance at it means. */
export type Direction = 'in' | 'out' | 'both';

/** The evidence that decided, as it is published. Times are ISO 8601 in UTC. */
export interface PublishedLiveness {
  readonly verdict: LivenessVerdict;
  readonly reason: LivenessReason | ChallengeReason;
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
  /** Quality score of the best view of the track, 0..1. */
  readonly quality: number;
  readonly liveness: PublishedLiveness;
}

/** An enrolled person was seen, and `liveness.require` is met: `live`, or `undetermined` where no proof is asked for. */
export interface AttendanceFact extends FactAboutTrack {
  readonly kind: 'attendance';
  readonly personId: PersonId;
  readonly direction: Direction;
  readonly similarity: number;
  readonly threshold: number;
  /** How much closer this person was than the second nearest. */
  readonly margin: number;
}

/** An enrolled person was recognised, and neither a blink nor an attack was seen. By itself no attendance. */
export interface UnprovenFact extends FactAboutTrack {
  readonly kind: 'recognised-unproven';
  readonly personId: PersonId;
  readonly direction: Direction;
  readonly similarity: number;
  readonly threshold: number;
  readonly margin: number;
}

/** A live, enrolled person was seen, and the recogniser cannot tell which of two it is. No attendance of either. */
export interface AmbiguousFact extends FactAboutTrack {
  readonly kind: 'recognised-ambiguous';
  readonly candidates: CandidatePair;
  readonly reason: AmbiguityReason;
  readonly direction: Direction;
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

/** What the box decides about somebody in front of a camera. */
export type Fact = AttendanceFact | UnprovenFact | AmbiguousFact | UnknownFact | AttackFact;

/** Everything that is recorded and leaves the box. */
export type BoxEvent = Fact | Notice;
export type EventKind = BoxEvent['kind'];

/** An event once recorded: it has an identity and a place in the box's order. */
export type RecordedEvent = BoxEvent & {
  readonly id: EventId;
  /** Strictly increasing per box, without gaps. */
  readonly sequence: number;
  readonly recordedAtMs: number;
};
