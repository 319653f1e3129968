import type { EyeContour, FaceLandmarks } from '../faces/face.js';
import type { Point } from '../faces/geometry.js';
import type { FaceQuality, QualityReason, ViewQuality } from '../faces/quality.js';
import type { EyeFault, EyeSample, Framing } from './liveness.js';
import {
  defaultSteadinessPolicy,
  isCalm,
  isSteady,
  type SteadinessPolicy,
  type TimedFit,
} from './mesh-steadiness.js';

/**
 * The contour of a narrower eye is a guess: the opening is about a third as high as the eye is wide, and its closing needs at
 * least two lines of pixels.
 */
const smallestEyePx = 6;
/**
 * With a larger turn the far eye is half hidden; a full profile measures about 42 degrees (see `judgeView`). At 34 degrees, the blink
 * of a woman who turns is as deep in the far eye as in the near one.
 */
const largestEyeYawDeg = 36;
/** With a larger pitch downwards, the lids cover the eye as in a closure. */
const largestPitchDeg = 30;

/**
 * If the mean openness is less, the eyes look down or are narrow, and blinks are easily missed. Open eyes that look at the camera
 * or past it measure 0.24 to 0.35 (see `EyeContour`).
 */
export const raisedOver = 0.2;

/** A cut-off face that takes up this share of the picture's height or width is too close. */
const tooCloseOver = 0.5;

/** Faults of a view that also prevent the measurement of the eyes. Size and the picture's edge are checked for each eye. */
const spoilingReasons = ['occluded', 'dark'] as const satisfies readonly QualityReason[];

/** One view of a face, with the data to judge its eyes. */
interface EyeView {
  readonly atMs: number;
  readonly landmarks: FaceLandmarks;
  readonly quality: FaceQuality & Pick<ViewQuality, 'sharpness'>;
  /** The mesh fits of the same face just before, see `fitsBefore`. */
  readonly before: readonly TimedFit[];
  readonly picture: PictureSize;
}

/** When the eyes of a view are judged. */
export interface EyeViewLimits {
  /** Largest yaw of the head, degrees. */
  readonly largestYawDeg: number;
  readonly steadiness: SteadinessPolicy;
}

export const defaultEyeViewLimits: EyeViewLimits = {
  largestYawDeg: largestEyeYawDeg,
  steadiness: defaultSteadinessPolicy,
};

export interface PictureSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** Reduces a view to the input of blink detection; eyes that cannot be judged are undefined. */
export function eyeSampleOf(view: EyeView, limits: EyeViewLimits = defaultEyeViewLimits): EyeSample {
  const { atMs, landmarks, quality, before, picture } = view;
  const { leftEye, rightEye } = landmarks;
  const [rightOuter, rightInner, leftInner, leftOuter] = landmarks.fivePoints;
  const viewFault = faultOfView(view, limits);
  const leftFault = viewFault ?? faultOfEye(leftEye, [leftInner, leftOuter], picture);
  const rightFault = viewFault ?? faultOfEye(rightEye, [rightInner, rightOuter], picture);
  const fault = leftFault ?? rightFault;
  return {
    atMs,
    left: leftFault === undefined ? leftEye.openness : undefined,
    right: rightFault === undefined ? rightEye.openness : undefined,
    ...(fault === undefined ? {} : { fault }),
    ...closureOf(landmarks, fault),
    ...(isCalm(before, { atMs, landmarks }) ? {} : { isShapeLost: true }),
    areLidsRaised: (leftEye.openness + rightEye.openness) / 2 >= raisedOver,
    sharpness: quality.sharpness,
    framing: framingOf(landmarks, quality, picture),
  };
}

/** The blendshapes come from the whole mesh, and not from the place of the eyes: a mesh that moves quickly does not spoil them. */
function closureOf(
  { leftEye, rightEye }: FaceLandmarks,
  fault: EyeFault | undefined,
): Pick<EyeSample, 'closure'> {
  const isSeen = fault === undefined || fault === 'mesh-unsteady';
  if (!isSeen || leftEye.closure === undefined || rightEye.closure === undefined) return {};
  return { closure: Math.min(leftEye.closure, rightEye.closure) };
}

/** A fault that affects both eyes. */
function faultOfView(
  { atMs, landmarks, quality, before }: EyeView,
  { largestYawDeg, steadiness }: EyeViewLimits,
): EyeFault | undefined {
  const { yawDeg, pitchDeg } = landmarks.pose;
  if (Math.abs(yawDeg) > largestYawDeg || Math.abs(pitchDeg) > largestPitchDeg) return 'turned-away';
  const spoilt = spoilingReasons.find((reason) => quality.reasons.includes(reason));
  return spoilt ?? (isSteady(before, { atMs, landmarks }, steadiness) ? undefined : 'mesh-unsteady');
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

/** Whether the lids above and below a corner, half an eye away, are inside the picture. */
function isInside({ x, y }: Point, { widthPx, heightPx }: PictureSize, eye: EyeContour): boolean {
  const margin = eye.widthPx / 2;
  return x >= 0 && x <= widthPx && y >= margin && y <= heightPx - margin;
}
