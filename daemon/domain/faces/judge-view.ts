import type { HeadPose } from './face.js';
import type { FaceStatistics } from './face-statistics.js';
import type { FaceQuality, QualityReason } from './quality.js';

/** What is known about one view of a face before it is judged. */
export interface FaceView {
  /** Width of the face, pixels of the full picture. */
  readonly widthPx: number;
  /** Share of the face's box that lies outside the picture, 0..1. */
  readonly outsideShare: number;
  /** The landmark network's belief that a face is there, 0..1. */
  readonly presence: number;
  readonly pose: HeadPose;
  readonly statistics: FaceStatistics;
}

/*
 * Limits of a usable view. Origin: 32 LFW persons, one photograph of each degraded on purpose and compared with
 * three others of the same person at the default threshold (scripts/bench quality-limits prints the table).
 */

/** Gaussian blur of 3 % of the face's width reads 0.15 and makes 1 view in 5 miss; 4 % reads 0.09, and 2 in 5 miss. */
const BLURRED_UNDER = 0.1;
/** Clean darkening to a mean luma of 15 hardly matters, but a real sensor gives mostly noise down there. */
const DARK_UNDER = 25;
/** Half of the samples burnt out makes 1 view in 3 miss; a quarter, 1 in 5. */
const OVEREXPOSED_OVER = 0.5;
/** The mesh flattens: a full profile reads about 42 degrees. Up to 35 similarity does not fall measurably. */
const LARGEST_YAW_DEG = 35;
/** No view beyond this was at hand; up to 30 similarity does not fall measurably. */
const LARGEST_PITCH_DEG = 30;
/**
 * 171 of 175 views of 25 uncovered faces stay over it, as they are and in light that falls to a third or a sixth across the face,
 * and so does a face in shade whose eyes close. Of 280 views with masks, scarves, paper and palms drawn on them, in even light or not,
 * 90 % fall under it; of fingers and of palms on the mouth alone, which have edges of their own, half.
 */
const COVERED_UNDER = 0.2;
/** Uncovered faces stay over 0.46, in steep light from below over 0.29; three of four pairs of drawn sunglasses read 0.13 to 0.3. */
const DARK_GLASSES_UNDER = 0.33;
/** Uncovered faces stay over 0.97. */
const PRESENCE_UNDER = 0.8;
/** Forehead or chin beyond the edge costs little; more takes mouth or an eye. */
const CUT_OFF_OVER = 0.08;

/** At these a view is as good as it gets. */
const FULL_WIDTH_PX = 110;
const FULL_SHARPNESS = 1;
const FULL_LUMA = 60;
/** Narrower faces are worth nothing: at 25 pixels 1 view in 8 misses already. */
const LEAST_WIDTH_PX = 16;

/** A view with a reason against it ranks below every clean one of its kind. */
const PENALTY = 0.5;

/** Names what is wrong with a view, most important first, and scores it. Depends on its arguments alone. */
export function judgeView(view: FaceView, options: { readonly smallestFacePx: number }): FaceQuality {
  const { statistics, pose } = view;
  const faults: readonly (readonly [QualityReason, boolean])[] = [
    ['too-small', view.widthPx < options.smallestFacePx],
    ['cut-off', view.outsideShare > CUT_OFF_OVER],
    ['turned-away', Math.abs(pose.yawDeg) > LARGEST_YAW_DEG || Math.abs(pose.pitchDeg) > LARGEST_PITCH_DEG],
    ['dark', statistics.meanLuma < DARK_UNDER],
    ['overexposed', statistics.brightShare > OVEREXPOSED_OVER],
    ['blurred', statistics.sharpness < BLURRED_UNDER],
    ['occluded', isCovered(view)],
  ];
  const reasons = faults.filter(([, isFault]) => isFault).map(([reason]) => reason);
  const score = scoreView(view) * (reasons.length > 0 ? PENALTY : 1);
  return { score, reasons };
}

function isCovered({ statistics: { weakestPart, eyesOverCheeks }, presence }: FaceView): boolean {
  return weakestPart < COVERED_UNDER || eyesOverCheeks < DARK_GLASSES_UNDER || presence < PRESENCE_UNDER;
}

/** Geometric mean of size, sharpness, pose and light, each 0..1: one bad property spoils a view. */
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
