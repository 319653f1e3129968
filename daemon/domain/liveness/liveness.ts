import type { HeadGesture } from './head-gesture.js';

/** One completed blink: both eyes closed and opened again. Times as in `Frame.capturedAtMs`. */
export interface Blink {
  /** Middle of the closure, milliseconds. */
  readonly atMs: number;
  readonly durationMs: number;
}

/**
 * What is known about whether a live person stands there (ISO/IEC 30107-1: presentation attack detection).
 * `undetermined` is neither: not seen well or long enough.
 */
export const livenessVerdicts = ['live', 'attack', 'undetermined'] as const;
export type LivenessVerdict = (typeof livenessVerdicts)[number];

/** Why the verdict is what it is; stable names for logs, events and technicians. */
export const livenessReasons = [
  'blinked',
  'still-picture',
  'passive-model',
  'observed-too-briefly',
  'eyes-not-seen-well',
  'too-close',
  'cut-off',
] as const;
export type LivenessReason = (typeof livenessReasons)[number];

/**
 * What a challenge adds at a camera that asks for one.
 * - `challenge-passed`: the person did what was asked.
 * - `challenge-failed`: three challenges were failed.
 * - `challenge-not-passed`: none was passed, nor failed three times.
 * - `challenge-not-shown`: no prompt could be shown.
 */
export const challengeReasons = [
  'challenge-passed',
  'challenge-failed',
  'challenge-not-passed',
  'challenge-not-shown',
] as const;
export type ChallengeReason = (typeof challengeReasons)[number];

/**
 * What must be shown before a recognised person attends (`liveness.require`).
 * - `blink`: the verdict `live`.
 * - `not-attack`: nothing; only a called attack prevents the attendance.
 * - `challenge`: a challenge that is passed; a blink is not enough.
 */
export const livenessRequirements = ['blink', 'not-attack', 'challenge'] as const;
export type LivenessRequirement = (typeof livenessRequirements)[number];

export interface LivenessEvidence {
  /** Blinks after which the same face was recognised, oldest first. */
  readonly blinks: readonly Blink[];
  /** Later blinks, after which the face was not recognised yet, oldest first. They prove nothing about who blinked. */
  readonly unboundBlinks: readonly Blink[];
  /** What the head did, oldest first; bound to nobody, see `sameFaceMs`. */
  readonly gestures: readonly HeadGesture[];
  /** Capture time of the latest embedding that agreed with the track's earlier ones; absent before the first. */
  readonly sameFaceMs?: number;
  /** Seconds in which the eyes were seen well enough that a blink would have been noticed. */
  readonly observedS: number;
  /** Frames in which the eyes were measured. */
  readonly frameCount: number;
  /** Mean score of the passive model, 0 (attack) .. 1 (live); absent where no such pack is in use. */
  readonly passiveScore?: number;
}

export interface LivenessAssessment {
  readonly verdict: LivenessVerdict;
  readonly reason: LivenessReason;
  readonly evidence: LivenessEvidence;
}

/** The same with what the core knows of challenges, of which vision knows nothing. */
export interface JudgedLiveness extends Omit<LivenessAssessment, 'reason'> {
  readonly reason: LivenessReason | ChallengeReason;
}

/**
 * Why a look says nothing about an eye: the view is spoilt, the mesh jumped since the look before, or the eye is a few pixels, beyond
 * the picture or could not be measured.
 */
export type EyeFault =
  | 'turned-away'
  | 'dark'
  | 'occluded'
  | 'mesh-unsteady'
  | 'eye-too-small'
  | 'eye-cut-off'
  | 'eye-unmeasured';

/** The eyes in one analysed frame of a track: the input of blink detection. */
export interface EyeSample {
  readonly atMs: number;
  /** Openness as in `EyeContour`; undefined where that eye was not seen well enough to judge. */
  readonly left: number | undefined;
  readonly right: number | undefined;
  /** Why one or both are undefined. */
  readonly fault?: EyeFault;
  /** False where lowered lids would hide a blink: such a look proves neither a live person nor an attack. */
  readonly areLidsRaised: boolean;
  readonly framing: Framing;
  /** Of the whole face, as in `FaceStatistics`: falls while it moves quickly. */
  readonly sharpness: number;
}

/**
 * How much of the face is in the picture.
 * - `too-close`: the face is too large for the picture. The person has to step back.
 * - `cut-off`: part of the face is beyond the edge of the picture.
 */
export type Framing = 'whole' | 'too-close' | 'cut-off';
