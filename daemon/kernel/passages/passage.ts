import type { ViewTally } from '../faces/view-tally.js';
import type { NearPerson } from '../identification/identify-track.js';
import type { CameraId, EventId, PassageId, PersonId, RecogniserId, StrangerId, TrackId } from '../ids.js';
import type {
  ChallengeReason,
  LivenessReason,
  LivenessRequirement,
  LivenessVerdict,
} from '../liveness/liveness.js';
import type { OpennessCurve } from '../liveness/openness-curve.js';
import type { PassageOutcome } from '../passage-outcome.js';
import type { PassageReason } from './passage-reason.js';

/**
 * How a passage ended: the person left; another face took over the track; the camera stopped delivering; the vision process or
 * the daemon stopped meanwhile.
 */
export const passageEnds = ['left', 'another-face', 'camera-lost', 'vision-stopped', 'box-stopped'] as const;
export type PassageEnd = (typeof passageEnds)[number];

/** Most persons that a passage names as near. */
export const mostNearPersons = 3;

/** Most blinks whose times a passage remembers. */
export const mostBlinksKept = 10;

export interface PassageBlink {
  /** Seconds from the first time the face was seen to the middle of the blink. */
  readonly afterS: number;
  readonly durationS: number;
}

export interface PassageLiveness {
  readonly require: LivenessRequirement;
  readonly verdict: LivenessVerdict;
  readonly reason: LivenessReason | ChallengeReason;
  readonly blinkCount: number;
  /** The first blinks, at most `mostBlinksKept`; absent in passages of earlier versions, and of an attack. */
  readonly blinks?: readonly PassageBlink[];
  /** Seconds in which a blink would have been detected. */
  readonly observedS: number;
  /** Frames in which the eyes were measured. */
  readonly frameCount: number;
  /** 0 (attack) .. 1 (live); absent without a passive model. */
  readonly passiveScore?: number;
}

/** The rule that kept an event back: an earlier event of the same kind about the same subject. */
export interface PassageCooldown {
  readonly elapsedS: number;
  readonly cooldownS: number;
  /** The earlier passage, where it is known. */
  readonly passageId?: PassageId;
}

/** One track of one face through the view of one camera, with what the box decided and why. Times are wall clock, milliseconds since the epoch. */
export interface Passage {
  readonly id: PassageId;
  readonly cameraId: CameraId;
  readonly trackId: TrackId;
  readonly startedAtMs: number;
  /** The last time the face was seen. */
  readonly lastSeenMs: number;
  /** Absent while the face is in sight. */
  readonly end?: PassageEnd;
  readonly outcome: PassageOutcome;
  readonly reason: PassageReason;
  readonly views: ViewTally;
  readonly recogniser: RecogniserId;
  /** Similarity that counts as a match, and how much nearer than the second the best person must be. */
  readonly threshold: number;
  readonly margin: number;
  /** The nearest persons, the most similar first, at most `mostNearPersons`. */
  readonly nearest: readonly NearPerson[];
  /** The quality of each probe, best first, as `ofProbes` of the nearest persons; absent in passages of earlier versions. */
  readonly probeQualities?: readonly number[];
  /** The person whom the box recognised. */
  readonly personId?: PersonId;
  /** The enrolled person who the stranger of the passage is, as an operator said later. */
  readonly assignedTo?: PersonId;
  readonly stranger?: { readonly id: StrangerId /** From 1. */; readonly visit: number };
  readonly liveness: PassageLiveness;
  /**
   * How far the eyes were open until the verdict on liveness, or until the end; times from the first time the face was seen. Absent
   * while neither has come, where the box or its vision process stopped before, and in passages of earlier versions.
   */
  readonly openness?: OpennessCurve;
  /** Why an event was not repeated. */
  readonly cooldown?: PassageCooldown;
  /** The events that the passage caused, in order. */
  readonly events: readonly EventId[];
}
