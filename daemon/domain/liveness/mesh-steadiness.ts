import type { EyeContour, FaceLandmarks } from '../faces/face.js';

/*
 * From one look to the next, 67 to 100 ms later. Around 20 blinks of 13 people the mesh turned by at most 1.5 degrees in
 * yaw and 4 in pitch, and eyes grew or shrank by 6 % at most; a head that turns deliberately makes 2 to 4 degrees. A mesh that
 * slips (faces at the picture's edge, shaken photographs) jumps by 5 to 20 degrees and 10 to 20 %.
 */
const largestYawStepDeg = 5;
const largestPitchStepDeg = 6;
const largestEyeGrowth = 1.1;

/**
 * False where the mesh jumped since the look before: eyes measured on it then say more about the mesh than about the lids.
 * Depends on the two looks alone; time does not matter, since it is the mesh that slips and not the head that moves.
 */
export function isSteady(before: FaceLandmarks, now: FaceLandmarks): boolean {
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
