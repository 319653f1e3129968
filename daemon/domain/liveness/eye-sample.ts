import type { EyeContour, FaceLandmarks } from '../faces/face.js';
import type { Point } from '../faces/geometry.js';
import type { FaceQuality, QualityReason, ViewQuality } from '../faces/quality.js';
import type { EyeFault, EyeSample, Framing } from './liveness.js';
import { type EarlierLook, isSteady } from './mesh-steadiness.js';

/**
 * Under this an eye is a handful of pixels and its contour a guess: lids are about a third as high as the eye is wide,
 * and two lines of pixels are the least that closing can be read from.
 */
const smallestEyePx = 6;
/** Turned further, the far eye is half hidden; a full profile reads about 42 degrees (see `judgeView`). */
const largestYawDeg = 30;
/** Looking down further, lids cover the eye as in a closure. */
const largestPitchDeg = 30;

/**
 * Eyes that are less open on the average of both look down or are narrow: a blink of theirs is easily missed. Open eyes that look at
 * the camera or past it measure 0.24 to 0.35 (see `EyeContour`).
 */
const raisedOver = 0.2;

/** A face that is cut off although it takes up this part of the picture's height or width is too close. */
const tooCloseOver = 0.5;

/** Faults of a view that spoil the eyes as well. Size, blur and the picture's edge are judged by the eyes themselves. */
const spoilingReasons = ['occluded', 'dark'] as const satisfies readonly QualityReason[];

/** One located view of a face, and what is needed to judge its eyes. */
export interface EyeView {
  readonly atMs: number;
  readonly landmarks: FaceLandmarks;
  readonly quality: ViewQuality;
  /** The same face in the looks just before, see `looksBefore`. */
  readonly before: readonly EarlierLook[];
  readonly picture: PictureSize;
}

export interface PictureSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** Reduces one located view to what blink detection uses; eyes that cannot be judged are undefined. */
export function eyeSampleOf(view: EyeView): EyeSample {
  const { atMs, landmarks, quality, picture } = view;
  const { leftEye, rightEye } = landmarks;
  const [rightOuter, rightInner, leftInner, leftOuter] = landmarks.fivePoints;
  const viewFault = faultOfView(view);
  const leftFault = viewFault ?? faultOfEye(leftEye, [leftInner, leftOuter], picture);
  const rightFault = viewFault ?? faultOfEye(rightEye, [rightInner, rightOuter], picture);
  const fault = leftFault ?? rightFault;
  return {
    atMs,
    left: leftFault === undefined ? leftEye.openness : undefined,
    right: rightFault === undefined ? rightEye.openness : undefined,
    ...(fault === undefined ? {} : { fault }),
    areLidsRaised: (leftEye.openness + rightEye.openness) / 2 >= raisedOver,
    sharpness: quality.sharpness,
    framing: framingOf(landmarks, quality, picture),
  };
}

/** What keeps a view from being judged by either eye. */
function faultOfView({ landmarks, quality, before }: EyeView): EyeFault | undefined {
  const { yawDeg, pitchDeg } = landmarks.pose;
  if (Math.abs(yawDeg) > largestYawDeg || Math.abs(pitchDeg) > largestPitchDeg) return 'turned-away';
  const spoilt = spoilingReasons.find((reason) => quality.reasons.includes(reason));
  return spoilt ?? (isSteady(before, landmarks) ? undefined : 'mesh-unsteady');
}

function faultOfEye(eye: EyeContour, corners: readonly Point[], picture: PictureSize): EyeFault | undefined {
  if (eye.widthPx < smallestEyePx) return 'eye-too-small';
  if (!corners.every((corner) => isInside(corner, picture, eye))) return 'eye-cut-off';
  return Number.isFinite(eye.openness) ? undefined : 'eye-unmeasured';
}

function framingOf({ box }: FaceLandmarks, { reasons }: FaceQuality, picture: PictureSize): Framing {
  if (!reasons.includes('cut-off')) return 'whole';
  const part = Math.max(box.width / picture.widthPx, box.height / picture.heightPx);
  return part >= tooCloseOver ? 'too-close' : 'cut-off';
}

/** Far enough from the picture's edge that the lids above and below are in it, half an eye away. */
function isInside({ x, y }: Point, { widthPx, heightPx }: PictureSize, eye: EyeContour): boolean {
  const margin = eye.widthPx / 2;
  return x >= 0 && x <= widthPx && y >= margin && y <= heightPx - margin;
}
