import type { EyeContour, FaceLandmarks } from '../faces/face.js';
import { eyeDistanceOf } from '../faces/face-mesh.js';

/** Speeds up to which a mesh is believed. */
export interface SteadinessPolicy {
  /** Degrees a second. */
  readonly largestYawPerS: number;
  readonly largestPitchPerS: number;
  /** Natural logarithm of the growth a second, of the face and of an eye relative to the face. */
  readonly largestGrowthPerS: number;
}

/**
 * A deliberate head turn reaches 40 degrees a second, and a whole face that squeezes with the eyes seems to turn by up to 90, because
 * the mesh follows the muscles. A mesh that slips (faces at the edge of the picture, shaken photographs) jumps by 5 to 20 degrees and
 * 10 to 20 % from one frame to the next. `scripts/bench blink-limits` prints what other limits find.
 */
export const defaultSteadinessPolicy: SteadinessPolicy = {
  largestYawPerS: 75,
  largestPitchPerS: 90,
  // 14 % in 100 ms.
  largestGrowthPerS: 1.35,
};

/**
 * The limits hold over this time, milliseconds: fits that are closer together differ by noise. Longer intervals allow more movement,
 * so that a rate of 10 frames a second is judged as one of 30.
 */
const steadinessMs = 100;

/** A mesh fit of a face. */
export interface TimedFit {
  readonly atMs: number;
  readonly landmarks: FaceLandmarks;
}

/**
 * False if the mesh jumped since one of the earlier fits: the measured eyes then show the jump rather than the lids.
 */
export function isSteady(before: readonly TimedFit[], now: TimedFit, policy: SteadinessPolicy): boolean {
  return before.every((fit) => isNear(fit, now, policy));
}

/*
 * Limits within 67 to 100 ms for the comparison of shapes: the mesh of a shaken photograph trembles, and that looks like an expression.
 */
const calmYawDeg = 5;
const calmPitchDeg = 6;
const calmEyeGrowth = 1.1;
/** The mesh of a face that is turned further changes its shape too much. */
const calmTurnDeg = 30;

/** Whether a face moved so little since the earlier fits that its shape can be compared with another. */
export function isCalm(before: readonly TimedFit[], { landmarks: now }: TimedFit): boolean {
  return (
    Math.abs(now.pose.yawDeg) <= calmTurnDeg &&
    before.every(
      ({ landmarks }) =>
        Math.abs(now.pose.yawDeg - landmarks.pose.yawDeg) <= calmYawDeg &&
        Math.abs(now.pose.pitchDeg - landmarks.pose.pitchDeg) <= calmPitchDeg &&
        growth(landmarks.leftEye, now.leftEye) <= calmEyeGrowth &&
        growth(landmarks.rightEye, now.rightEye) <= calmEyeGrowth,
    )
  );
}

/** The ratio of the larger to the smaller width. */
function growth(a: EyeContour, b: EyeContour): number {
  return Math.max(a.widthPx / b.widthPx, b.widthPx / a.widthPx);
}

/** The fits to remember before a fit at `atMs`: the latest, and all within `steadinessMs`. */
export function fitsBefore(fits: readonly TimedFit[], atMs: number): readonly TimedFit[] {
  return fits.filter((fit, index) => index === fits.length - 1 || atMs - fit.atMs <= steadinessMs + jitterMs);
}

/** Time stamps of cameras jitter, milliseconds. */
const jitterMs = 5;

function isNear(
  { atMs, landmarks: before }: TimedFit,
  { atMs: nowMs, landmarks: now }: TimedFit,
  { largestYawPerS, largestPitchPerS, largestGrowthPerS }: SteadinessPolicy,
): boolean {
  const seconds = Math.max(nowMs - atMs, steadinessMs) / 1000;
  const faceGrowth = eyeDistanceOf(now.shape) / eyeDistanceOf(before.shape);
  const isGrowthNear = (ratio: number): boolean => Math.abs(Math.log(ratio)) <= largestGrowthPerS * seconds;
  const isEyeNear = (was: EyeContour, is: EyeContour): boolean =>
    isGrowthNear(is.widthPx / was.widthPx / faceGrowth);
  return (
    Math.abs(now.pose.yawDeg - before.pose.yawDeg) <= largestYawPerS * seconds &&
    Math.abs(now.pose.pitchDeg - before.pose.pitchDeg) <= largestPitchPerS * seconds &&
    isGrowthNear(faceGrowth) &&
    isEyeNear(before.leftEye, now.leftEye) &&
    isEyeNear(before.rightEye, now.rightEye)
  );
}
