import type { EyeContour, FaceLandmarks } from '../faces/face.js';
import type { Point } from '../faces/geometry.js';
import type { FaceQuality, QualityReason } from '../faces/quality.js';
import type { EyeSample } from './liveness.js';
import { isSteady } from './mesh-steadiness.js';

/**
 * Under this an eye is a handful of pixels and its contour a guess: lids are about a third as high as the eye is wide,
 * and two lines of pixels are the least that closing can be read from.
 */
const smallestEyePx = 6;
/** Turned further, the far eye is half hidden; a full profile reads about 42 degrees (see `judgeView`). */
const largestYawDeg = 30;
/** Looking down further, lids cover the eye as in a closure. */
const largestPitchDeg = 30;

/** Faults of a view that spoil the eyes as well. Size, blur and the picture's edge are judged by the eyes themselves. */
const spoilingReasons: readonly QualityReason[] = ['occluded', 'dark'];

/** One located view of a face, and what is needed to judge its eyes. */
export interface EyeView {
  readonly atMs: number;
  readonly landmarks: FaceLandmarks;
  readonly quality: FaceQuality;
  /** The same face in the look before; undefined where there was none. */
  readonly before: FaceLandmarks | undefined;
  readonly picture: PictureSize;
}

export interface PictureSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** Reduces one located view to what blink detection uses; eyes that cannot be judged are undefined. */
export function eyeSampleOf({ atMs, landmarks, quality, before, picture }: EyeView): EyeSample {
  const isJudgeable =
    Math.abs(landmarks.pose.yawDeg) <= largestYawDeg &&
    Math.abs(landmarks.pose.pitchDeg) <= largestPitchDeg &&
    !quality.reasons.some((reason) => spoilingReasons.includes(reason)) &&
    (before === undefined || isSteady(before, landmarks));
  const [rightOuter, rightInner, leftInner, leftOuter] = landmarks.fivePoints;
  const openness = (eye: EyeContour, corners: readonly Point[]): number | undefined => {
    const isSeen = eye.widthPx >= smallestEyePx && corners.every((corner) => isInside(corner, picture, eye));
    return isJudgeable && isSeen && Number.isFinite(eye.openness) ? eye.openness : undefined;
  };
  return {
    atMs,
    left: openness(landmarks.leftEye, [leftInner, leftOuter]),
    right: openness(landmarks.rightEye, [rightInner, rightOuter]),
    quality,
  };
}

/** Far enough from the picture's edge that the lids above and below are in it, half an eye away. */
function isInside({ x, y }: Point, { widthPx, heightPx }: PictureSize, eye: EyeContour): boolean {
  const margin = eye.widthPx / 2;
  return x >= 0 && x <= widthPx && y >= margin && y <= heightPx - margin;
}
