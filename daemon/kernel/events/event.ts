import type { AmbiguityReason, CandidatePair } from '../identification/match.js';
import type { CameraId, EventId, PassageId, PersonId, RecogniserId, StrangerId, TrackId } from '../ids.js';
import type { ChallengeReason, LivenessReason, LivenessVerdict } from '../liveness/liveness.js';
import type { Notice } from './notice.js';

/** The direction of a camera at a door: what an attendance there means. */
export const directions = ['in', 'out', 'both'] as const;
export type Direction = (typeof directions)[number];

/** The evidence of the decision, as published. Times are ISO 8601 in UTC. */
export interface PublishedLiveness {
  readonly verdict: LivenessVerdict;
  readonly reason: LivenessReason | ChallengeReason;
  readonly blinks: readonly { readonly time: string; readonly durationS: number }[];
  readonly observedS: number;
  readonly frameCount: number;
  readonly passiveScore?: number;
}

interface FactAboutTrack {
  /** Capture time of the frame that led to the decision, wall clock, milliseconds since the epoch. */
  readonly occurredAtMs: number;
  readonly cameraId: CameraId;
  readonly trackId: TrackId;
  readonly passageId: PassageId;
  readonly recogniser: RecogniserId;
  /** Quality score of the best view of the track, 0..1. */
  readonly quality: number;
  readonly liveness: PublishedLiveness;
}

/** An enrolled person was recognised and meets `liveness.require`: `live`, or `undetermined` where no proof is required. */
export interface AttendanceFact extends FactAboutTrack {
  readonly kind: 'attendance';
  readonly personId: PersonId;
  readonly direction: Direction;
  readonly similarity: number;
  readonly threshold: number;
  /** How much more similar this person was than the second-best person. */
  readonly margin: number;
}

/** An enrolled person was recognised without a proof of life and without an attack. This is not an attendance. */
export interface UnprovenFact extends FactAboutTrack {
  readonly kind: 'recognised-unproven';
  readonly personId: PersonId;
  readonly direction: Direction;
  readonly similarity: number;
  readonly threshold: number;
  readonly margin: number;
}

export const refusalReasons = ['expired', 'not-yet-valid', 'barred'] as const;
type RefusalReason = (typeof refusalReasons)[number];

/** An enrolled person was recognised who is not valid on that day, or barred. This is not an attendance. */
export interface RefusedFact extends FactAboutTrack {
  readonly kind: 'recognised-refused';
  readonly personId: PersonId;
  readonly reason: RefusalReason;
  readonly direction: Direction;
  readonly similarity: number;
  readonly threshold: number;
  readonly margin: number;
}

/** A watched person was recognised. Attendance is recorded as of any other person. */
export interface WatchlistFact extends FactAboutTrack {
  readonly kind: 'watchlist';
  readonly personId: PersonId;
  readonly direction: Direction;
  readonly similarity: number;
  readonly threshold: number;
  readonly margin: number;
}

/** A live person was seen who could be either of two enrolled persons. This is not an attendance. */
export interface AmbiguousFact extends FactAboutTrack {
  readonly kind: 'recognised-ambiguous';
  readonly candidates: CandidatePair;
  readonly reason: AmbiguityReason;
  readonly direction: Direction;
  readonly threshold: number;
}

/** A stranger as the box remembers them. Times are wall clock, milliseconds since the epoch. */
export interface SeenStranger {
  readonly id: StrangerId;
  /** Number of this visit, from 1. */
  readonly visit: number;
  readonly firstSeenMs: number;
  /** Where the stranger was seen and when for the last time, this camera included; the latest first. */
  readonly cameras: readonly { readonly cameraId: CameraId; readonly lastSeenMs: number }[];
}

/** A person was seen who matches no person of the gallery. */
export interface UnknownFact extends FactAboutTrack {
  readonly kind: 'unknown';
  /** Absent if the box does not remember strangers. */
  readonly stranger?: SeenStranger;
  /** Similarity to the most similar person; null for an empty gallery. */
  readonly bestSimilarity: number | null;
  readonly threshold: number;
}

/** A picture, screen or mask was presented instead of a live face (ISO/IEC 30107). */
export interface AttackFact extends FactAboutTrack {
  readonly kind: 'attack';
  /** The person whom the presented face matches; null if there is no match. */
  readonly personId: PersonId | null;
  readonly similarity: number | null;
}

/** A decision about a person in front of a camera. */
export type Fact =
  | AttendanceFact
  | UnprovenFact
  | RefusedFact
  | WatchlistFact
  | AmbiguousFact
  | UnknownFact
  | AttackFact;

/** Everything that is recorded and published. */
export type BoxEvent = Fact | Notice;
export type EventKind = BoxEvent['kind'];

/** A recorded event, with id and sequence. */
export type RecordedEvent = BoxEvent & {
  readonly id: EventId;
  /** Strictly increasing per box, without gaps. */
  readonly sequence: number;
  readonly recordedAtMs: number;
};
