import type { HeadPose } from './face.js';
import type { FaceStatistics } from './face-statistics.js';
import type { FaceQuality, QualityReason } from './quality.js';

/** The measurements of one view of a face. */
export interface FaceView {
  /** Width of the face, pixels of the full picture. */
  readonly widthPx: number;
  /** Share of the face's box that lies outside the picture, 0..1. */
  readonly outsideShare: number;
  /** The confidence of the landmark network that a face is present, 0..1. */
  readonly presence: number;
  readonly pose: HeadPose;
  readonly statistics: FaceStatistics;
}

/*
 * Limits of a usable view, measured with 32 LFW persons: one photograph of each was degraded and compared with three others of
 * the same person at the default threshold (scripts/bench quality-limits prints the table).
 */

/** Gaussian blur of 3 % of the face's width measures 0.15, and 1 view in 5 is missed; 4 % measures 0.09, and 2 in 5 are missed. */
export const BLURRED_UNDER = 0.1;
/** Darkening without noise to a mean luma of 15 hardly matters, but a real sensor gives mostly noise at this level. */
export const DARK_UNDER = 25;
/** With half of the samples overexposed, 1 view in 3 is missed; with a quarter, 1 in 5. */
const OVEREXPOSED_OVER = 0.5;
/** The mesh flattens: a full profile measures about 42 degrees. Up to 35 degrees similarity does not fall measurably. */
export const LARGEST_YAW_DEG = 35;
/** No views beyond this were available; up to 30 degrees similarity does not fall measurably. */
export const LARGEST_PITCH_DEG = 30;
/**
 * 171 of 175 views of 25 uncovered faces are over this, also with light that falls to a third or a sixth across the face, and
 * also a face in shade with closing eyes. Of 280 views with drawn masks, scarves, paper and palms, in even and uneven light, 90 %
 * are under it. Of fingers, and of palms on the mouth alone, half are under it, because they have edges of their own.
 */
const COVERED_UNDER = 0.2;
/** Uncovered faces are over 0.46, in steep light from below over 0.29; three of four drawn sunglasses measure 0.13 to 0.3. */
const DARK_GLASSES_UNDER = 0.33;
/**
 * Dark eyes with more structure than this are no glasses, but eyes in the shade or in dim light: a dark-skinned man in the light of a
 * display measures 0.25 over cheeks, with a structure of 0.32 and more; drawn glasses of 80 to 97 % measure 0.10 to 0.01
 * (scripts/bench quality-limits).
 */
const DARK_GLASSES_STRUCTURE_UNDER = 0.25;
/** Uncovered faces are over 0.97. */
const PRESENCE_UNDER = 0.8;
/** Without forehead or chin, similarity falls little; a larger share cuts off the mouth or an eye. */
const CUT_OFF_OVER = 0.08;

/** Values from which a property has the best score. */
const FULL_WIDTH_PX = 110;
const FULL_SHARPNESS = 1;
const FULL_LUMA = 60;
/** Narrower faces score 0: at 25 pixels, 1 view in 8 is already missed. */
const LEAST_WIDTH_PX = 16;

/** Factor for the score of a view with faults. */
const PENALTY = 0.5;

interface ViewLimits {
  readonly smallestFacePx: number;
}

/** The faults that a view can have, the most important first. */
const faultChecks: readonly (readonly [QualityReason, (view: FaceView, limits: ViewLimits) => boolean])[] = [
  ['too-small', ({ widthPx }, { smallestFacePx }) => widthPx < smallestFacePx],
  ['cut-off', ({ outsideShare }) => outsideShare > CUT_OFF_OVER],
  [
    'turned-away',
    ({ pose }) => Math.abs(pose.yawDeg) > LARGEST_YAW_DEG || Math.abs(pose.pitchDeg) > LARGEST_PITCH_DEG,
  ],
  ['dark', ({ statistics }) => statistics.meanLuma < DARK_UNDER],
  ['overexposed', ({ statistics }) => statistics.brightShare > OVEREXPOSED_OVER],
  ['blurred', ({ statistics }) => statistics.sharpness < BLURRED_UNDER],
  ['occluded', isCovered],
];
/** The faults in the order in which `judgeView` names them. */
export const faultsByImportance = faultChecks.map(([reason]) => reason);

/** Scores a view and names its faults, most important first. */
export function judgeView(view: FaceView, limits: ViewLimits): FaceQuality {
  const reasons = faultChecks.filter(([, isFault]) => isFault(view, limits)).map(([reason]) => reason);
  const score = scoreView(view) * (reasons.length > 0 ? PENALTY : 1);
  return { score, reasons };
}

function isCovered({ statistics, presence }: FaceView): boolean {
  const { weakestPart, eyesOverCheeks, lensStructure } = statistics;
  const hasDarkGlasses = eyesOverCheeks < DARK_GLASSES_UNDER && lensStructure < DARK_GLASSES_STRUCTURE_UNDER;
  return weakestPart < COVERED_UNDER || hasDarkGlasses || presence < PRESENCE_UNDER;
}

/** Geometric mean of size, sharpness, pose and light, each 0..1, so that one bad property gives a low score. */
function scoreView({ widthPx, pose, statistics }: FaceView): number {
  const size = unit((widthPx - LEAST_WIDTH_PX) / (FULL_WIDTH_PX - LEAST_WIDTH_PX));
  const sharp = unit(
    Math.log(statistics.sharpness / BLURRED_UNDER) / Math.log(FULL_SHARPNESS / BLURRED_UNDER),
  );
  const frontal = unit(1 - (pose.yawDeg / 50) ** 2 - (pose.pitchDeg / 45) ** 2);
  const light =
    unit(statistics.meanLuma / FULL_LUMA) * unit(1 - statistics.brightShare / OVEREXPOSED_OVER / 2);
  return (size * sharp * frontal * light) ** 0.25;
}

function unit(value: number): number {
  return Math.min(1, Math.max(0, value));
}
