import type { EyeContour, FaceLandmarks } from '../faces/face.js';

/*
 * Within 67 to 100 ms. Around 20 blinks of 13 people the mesh turned by at most 1.5 degrees in yaw and 4 in pitch, and eyes
 * grew or shrank by 6 % at most; a head that turns deliberately makes 2 to 4 degrees. A mesh that slips (faces at the
 * picture's edge, shaken photographs) jumps by 5 to 20 degrees and 10 to 20 %.
 */
const largestYawStepDeg = 5;
const largestPitchStepDeg = 6;
const largestEyeGrowth = 1.1;

/** Time that the limits above are for, milliseconds; with it, a rate of 30 looks a second allows no more than one of 10. */
const steadinessMs = 100;

/** A face in an earlier look. */
export interface EarlierLook {
  readonly atMs: number;
  readonly landmarks: FaceLandmarks;
}

/**
 * False where the mesh jumped since one of the looks before: eyes measured on it then say more about the mesh than about the
 * lids.
 */
export function isSteady(before: readonly EarlierLook[], now: FaceLandmarks): boolean {
  return before.every(({ landmarks }) => isNear(landmarks, now));
}

/** What has to be remembered of the looks before one at `atMs`: the latest, and all within `steadinessMs`. */
export function looksBefore(looks: readonly EarlierLook[], atMs: number): readonly EarlierLook[] {
  return looks.filter(
    (look, index) => index === looks.length - 1 || atMs - look.atMs <= steadinessMs + jitterMs,
  );
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

/** How many times the larger of two widths the smaller is, 1 or more. */
function growth(a: EyeContour, b: EyeContour): number {
  return Math.max(a.widthPx / b.widthPx, b.widthPx / a.widthPx);
}
