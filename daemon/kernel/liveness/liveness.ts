import type { HeadGesture } from './head-gesture.js';

/** One completed blink: both eyes closed and opened again. Times as in `Frame.capturedAtMs`. */
export interface Blink {
  /** Middle of the closure, milliseconds. */
  readonly atMs: number;
  readonly durationMs: number;
}

/** Verdicts of presentation attack detection (ISO/IEC 30107-1). `undetermined`: not seen well or long enough. */
export const livenessVerdicts = ['live', 'attack', 'undetermined'] as const;
export type LivenessVerdict = (typeof livenessVerdicts)[number];

/** The reasons of verdicts; stable names for logs, events and technicians. */
export const livenessReasons = [
  'blinked',
  'still-picture',
  'still-face',
  'only-lids-moved',
  'movement-unclear',
  'passive-model',
  'observed-too-briefly',
  'eyes-not-seen-well',
  'too-close',
  'cut-off',
] as const;
export type LivenessReason = (typeof livenessReasons)[number];

/**
 * Additional reasons at a camera that requires a challenge.
 * - `challenge-passed`: the person did the required actions.
 * - `challenge-failed`: the face did three times something else than it was asked.
 * - `challenge-not-passed`: none was passed; the face may have done nothing.
 * - `challenge-not-shown`: no prompt could be shown.
 */
const challengeReasons = [
  'challenge-passed',
  'challenge-failed',
  'challenge-not-passed',
  'challenge-not-shown',
] as const;
export type ChallengeReason = (typeof challengeReasons)[number];

/** The reasons after the core added the result of challenges, which vision does not know. */
export const judgedReasons = [...livenessReasons, ...challengeReasons] as const;

/**
 * What an attendance requires (`liveness.require`).
 * - `blink`: the verdict `live`.
 * - `not-attack`: only that no attack was detected.
 * - `challenge`: a passed challenge; a blink is not enough.
 */
export const livenessRequirements = ['blink', 'not-attack', 'challenge'] as const;
export type LivenessRequirement = (typeof livenessRequirements)[number];

export interface LivenessEvidence {
  /** Blinks after which an embedding showed the same face, oldest first. */
  readonly blinks: readonly Blink[];
  /** Later blinks, not yet followed by an embedding of the same face, oldest first. They do not prove who blinked. */
  readonly unboundBlinks: readonly Blink[];
  /** Head gestures, oldest first; compare with `sameFaceMs` to bind them to the face. */
  readonly gestures: readonly HeadGesture[];
  /** Capture time of the latest embedding that agreed with the track's earlier ones; absent before the first. */
  readonly sameFaceMs?: number;
  /** Seconds in which a blink would have been detected. */
  readonly observedS: number;
  /** Frames in which the eyes were measured. */
  readonly frameCount: number;
  /** Mean score of the passive model, 0 (attack) .. 1 (live); absent without a passive model. */
  readonly passiveScore?: number;
}

export interface LivenessAssessment {
  readonly verdict: LivenessVerdict;
  readonly reason: LivenessReason;
  readonly evidence: LivenessEvidence;
}

/** An assessment after the core added the result of challenges, which vision does not know. */
export interface JudgedLiveness extends Omit<LivenessAssessment, 'reason'> {
  readonly reason: LivenessReason | ChallengeReason;
}

/**
 * Why an eye was not measured in a frame: a fault of the view, a jump of the mesh, or an eye that is too small, outside the
 * picture or not measurable.
 */
export const eyeFaults = [
  'turned-away',
  'dark',
  'occluded',
  'mesh-unsteady',
  'eye-too-small',
  'eye-cut-off',
  'eye-unmeasured',
] as const;
export type EyeFault = (typeof eyeFaults)[number];

/** The eyes in one analysed frame of a track: the input of blink detection. */
export interface EyeSample {
  readonly atMs: number;
  /** Openness as in `EyeContour`; undefined if the eye could not be judged. */
  readonly left: number | undefined;
  readonly right: number | undefined;
  /** Why one or both eyes are undefined. */
  readonly fault?: EyeFault;
  /** How far the eye that is closed less is closed, as in `EyeContour`; absent if unknown, or if the eyes cannot be seen. */
  readonly closure?: number;
  /** True if the face moves or is turned so much that its shape cannot be compared, although its eyes can be judged. */
  readonly isShapeLost?: true;
  /** False if lowered lids would hide a blink: such a sample proves neither a live person nor an attack. */
  readonly areLidsRaised: boolean;
  readonly framing: Framing;
  /** Sharpness of the whole face, as in `FaceStatistics`: it falls during quick motion. */
  readonly sharpness: number;
}

/**
 * How much of the face is in the picture.
 * - `too-close`: the face is too large for the picture; the person has to step back.
 * - `cut-off`: a part of the face is outside the picture.
 */
export type Framing = 'whole' | 'too-close' | 'cut-off';
