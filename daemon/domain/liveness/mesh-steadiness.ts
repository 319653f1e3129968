import type { EyeContour, FaceLandmarks } from '../faces/face.js';

/*
 * Changes within 67 to 100 ms. Around 20 blinks of 13 people the mesh turned by at most 1.5 degrees in yaw and 4 in pitch, and eyes
 * grew or shrank by at most 6 %; a deliberate head turn measures 2 to 4 degrees. A mesh that slips (faces at the edge of the
 * picture, shaken photographs) jumps by 5 to 20 degrees and 10 to 20 %.
 */
const largestYawStepDeg = 5;
const largestPitchStepDeg = 6;
const largestEyeGrowth = 1.1;

/** The period of the limits above, milliseconds, so that the limits are the same at 10 and at 30 fits a second. */
const steadinessMs = 100;

/** An earlier mesh fit of a face. */
export interface EarlierFit {
  readonly atMs: number;
  readonly landmarks: FaceLandmarks;
}

/**
 * False if the mesh jumped since one of the earlier fits: the measured eyes then show the jump rather than the lids.
 */
export function isSteady(before: readonly EarlierFit[], now: FaceLandmarks): boolean {
  return before.every(({ landmarks }) => isNear(landmarks, now));
}

/** The fits to remember before a fit at `atMs`: the latest, and all within `steadinessMs`. */
export function fitsBefore(fits: readonly EarlierFit[], atMs: number): readonly EarlierFit[] {
  return fits.filter((fit, index) => index === fits.length - 1 || atMs - fit.atMs <= steadinessMs + jitterMs);
}

/** Time stamps of cameras jitter, milliseconds. */
const jitterMs = 5;

function isNear(before: FaceLandmarks, now: FaceLandmarks): boolean {
  return (
    Math.abs(now.pose.yawDeg - before.pose.yawDeg) <= largestYawStepDeg &&
    Math.abs(now.pose.pitchDeg - before.pose.pitchDeg) <= largestPitchStepDeg &&
    growth(before.leftEye, now.leftEye) <= largestEyeGrowth &&
    growth(before.rightEye, now.rightEye) <= largestEyeGrowth
  );
}

/** The ratio of the larger to the smaller width. */
function growth(a: EyeContour, b: EyeContour): number {
  return Math.max(a.widthPx / b.widthPx, b.widthPx / a.widthPx);
}
