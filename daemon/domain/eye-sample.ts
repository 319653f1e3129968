import type { FaceLandmarks } from './face.js';
import type { EyeSample } from './liveness.js';
import type { FaceQuality, QualityReason } from './quality.js';

/**
 * Under this an eye is a handful of pixels and its contour a guess: lids are about a third as high as the eye
 * is wide, and two lines of pixels are the least that closing can be read from.
 */
const smallestEyePx = 6;
/** Turned further, the far eye is half hidden and its height over its width grows without opening. */
const largestYawDeg = 40;
/** Looking down further, lids cover the eye as in a closure. */
const largestPitchDeg = 35;

/** Faults of a view that spoil the eyes as well. Blur and size are judged by the eye itself. */
const spoilingReasons: readonly QualityReason[] = ['cut-off', 'occluded', 'dark'];

/** Reduces one located view to what blink detection uses; eyes that cannot be judged are undefined. */
export function eyeSampleOf(landmarks: FaceLandmarks, quality: FaceQuality, atMs: number): EyeSample {
  const isJudgeable =
    Math.abs(landmarks.pose.yawDeg) <= largestYawDeg &&
    Math.abs(landmarks.pose.pitchDeg) <= largestPitchDeg &&
    !quality.reasons.some((reason) => spoilingReasons.includes(reason));
  const openness = ({ openness: value, widthPx }: FaceLandmarks['leftEye']): number | undefined =>
    isJudgeable && widthPx >= smallestEyePx && Number.isFinite(value) ? value : undefined;
  return { atMs, left: openness(landmarks.leftEye), right: openness(landmarks.rightEye), quality };
}
