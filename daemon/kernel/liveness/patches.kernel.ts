import type { Affine } from '../faces/affine.js';
import type { Point } from '../faces/geometry.js';

/*
 * Patches of a texture are followed from one look to another, as in digital image correlation (Sutton et al. 1983, Image and Vision
 * Computing 1:133-139).
 */

/** Side of a texture, pixels. */
export const TEXTURE_PX = 96;

/** The middles of the eyes in a texture that shows the face upright, the subject's right first: so far apart, at this height, pixels. */
export const eyesAt = (apartPx: number, y: number): readonly Point[] => [
  { x: (TEXTURE_PX - apartPx) / 2, y },
  { x: (TEXTURE_PX + apartPx) / 2, y },
];

/** A patch has so many pixels on each side of its middle. */
export const PATCH_HALF = 7;
const PATCH_PIXELS = (2 * PATCH_HALF + 1) ** 2;
/** A patch is looked for so far away, pixels. */
const REACH = 5;
/** Where a whole patch that moved still lies in the texture. */
const MARGIN = PATCH_HALF + REACH + 1;

/** It is found again if it correlates so well, and if the noise leaves its place certain to so many pixels. */
const LEAST_CORRELATION = 0.5;
const MOST_DOUBT_PX = 0.5;
/** Noise that smoothing has spread over neighbours counts so much more. */
const SPREAD_NOISE = 2.5;
/** The middle of a correlation peak is known to 0.1 pixels at best. */
const LEAST_VARIANCE = 0.01;

/** Where a patch went, pixels, and how much it counts: one over the variance of its place. */
export interface FollowedPatch extends Point {
  readonly byX: number;
  readonly byY: number;
  readonly weight: number;
}

/** Middles of the patches that are wanted, so far apart, whole within the texture wherever they moved. */
export function patchMiddles(everyPx: number, isWanted: (x: number, y: number) => boolean): readonly Point[] {
  const found: Point[] = [];
  for (let y = MARGIN; y < TEXTURE_PX - MARGIN; y += everyPx)
    for (let x = MARGIN; x < TEXTURE_PX - MARGIN; x += everyPx) if (isWanted(x, y)) found.push({ x, y });
  return found;
}

const PIXELS = TEXTURE_PX * TEXTURE_PX;

/** Half of a result, until the next call. */
const alongRows = new Float32Array(PIXELS);
const alongBoth = new Float32Array(PIXELS);

/** Each pixel and its neighbours, with binomial weights. */
export function smoothed(luma: Uint8Array): Float32Array {
  const side = TEXTURE_PX;
  const both = new Float32Array(PIXELS);
  for (let at = 1; at < PIXELS - 1; at++) alongRows[at] = (luma[at - 1]! + 2 * luma[at]! + luma[at + 1]!) / 4;
  for (let at = side; at < side * (side - 1); at++)
    both[at] = (alongRows[at - side]! + 2 * alongRows[at]! + alongRows[at + side]!) / 4;
  return both;
}

/** Light that is added to a texture is smoother than this, half of the side of a square, pixels. */
const LIGHT_HALF = 3;

/**
 * What is left of a texture without the mean of the square around each pixel: its details, without the light that falls on it. Two
 * running sums, one along the rows and one down the columns.
 */
export function details(luma: Float32Array): Float32Array {
  const side = TEXTURE_PX;
  meansAlong(luma, 1, side, alongRows);
  meansAlong(alongRows, side, 1, alongBoth);
  const left = new Float32Array(PIXELS);
  for (let at = 0; at < PIXELS; at++) left[at] = luma[at]! - alongBoth[at]!;
  return left;
}

/** Writes the mean of each pixel and its neighbours up to `LIGHT_HALF` away along lines whose pixels are `step` apart. */
function meansAlong(luma: Float32Array, step: number, lineStep: number, means: Float32Array): void {
  // Smoothing leaves the outermost pixels black.
  const [first, last] = [1, TEXTURE_PX - 2];
  for (let line = first; line <= last; line++) {
    const start = line * lineStep;
    let [sum, count] = [0, 0];
    for (let ahead = first; ahead <= last + LIGHT_HALF; ahead++) {
      if (ahead <= last) {
        sum += luma[start + ahead * step]!;
        count += 1;
      }
      const behind = ahead - 2 * LIGHT_HALF - 1;
      if (behind >= first) {
        sum -= luma[start + behind * step]!;
        count -= 1;
      }
      const middle = ahead - LIGHT_HALF;
      if (middle >= first) means[start + middle * step] = sum / count;
    }
  }
}

/**
 * The texture as it would look where the other one is: `map` leads from there to it. `by`: each pixel comes from a place that is so many
 * pixels further on.
 */
export function mappedBack(
  luma: Float32Array,
  map: Affine,
  by?: { readonly byX: Float32Array; readonly byY: Float32Array },
): Float32Array {
  const side = TEXTURE_PX;
  const back = new Float32Array(PIXELS);
  for (let row = 0, at = 0; row < side; row++) {
    for (let column = 0; column < side; column++, at++) {
      const fromX = column + 0.5 + (by === undefined ? 0 : by.byX[at]!);
      const fromY = row + 0.5 + (by === undefined ? 0 : by.byY[at]!);
      const x = within(map.xx * fromX + map.xy * fromY + map.x0 - 0.5);
      const y = within(map.yx * fromX + map.yy * fromY + map.y0 - 0.5);
      const first = (y | 0) * side + (x | 0);
      const [right, low] = [x - (x | 0), y - (y | 0)];
      const top = luma[first]! + right * (luma[first + 1]! - luma[first]!);
      const under = luma[first + side]! + right * (luma[first + side + 1]! - luma[first + side]!);
      back[at] = top + low * (under - top);
    }
  }
  return back;
}

/** Smoothing leaves the outermost pixels black. */
const within = (value: number): number => Math.min(TEXTURE_PX - 3, Math.max(1, value));

/** How well the patch that is followed correlates at each place in its reach. */
const SPAN = 2 * REACH + 1;
const scores = new Float64Array(SPAN * SPAN);

/**
 * Follows one patch; undefined if its contrast is less than `leastContrast` (standard deviation of the brightness), if it is not found
 * again, or if its place is in doubt.
 */
export function follow(
  was: Float32Array,
  is: Float32Array,
  { x, y }: Point,
  leastContrast: number,
): FollowedPatch | undefined {
  const side = TEXTURE_PX;
  const middle = y * side + x;
  let [sum, squares, alongX, alongBoth, alongY] = [0, 0, 0, 0, 0];
  for (let row = -PATCH_HALF; row <= PATCH_HALF; row++) {
    for (let at = middle + row * side - PATCH_HALF; at <= middle + row * side + PATCH_HALF; at++) {
      const value = was[at]!;
      const right = (was[at + 1]! - was[at - 1]!) / 2;
      const low = (was[at + side]! - was[at - side]!) / 2;
      sum += value;
      squares += value * value;
      alongX += right * right;
      alongBoth += right * low;
      alongY += low * low;
    }
  }
  const mean = sum / PATCH_PIXELS;
  const contrast = Math.sqrt(Math.max(0, squares / PATCH_PIXELS - mean * mean));
  if (contrast < leastContrast) return undefined;

  scores.fill(-1);
  const score = (column: number, row: number): number => {
    const at = (row + REACH) * SPAN + column + REACH;
    if (scores[at] === -1) scores[at] = correlation(was, is, middle, row * side + column, mean, contrast);
    return scores[at]!;
  };
  // The peak is wider than two pixels, because both textures are smoothed: every second place first.
  let [bestColumn, bestRow] = [0, 0];
  const consider = (column: number, row: number): void => {
    if (Math.max(Math.abs(column), Math.abs(row)) > REACH) return;
    if (score(column, row) > score(bestColumn, bestRow)) [bestColumn, bestRow] = [column, row];
  };
  for (let row = -REACH + 1; row < REACH; row += 2)
    for (let column = -REACH + 1; column < REACH; column += 2) consider(column, row);
  const [nearColumn, nearRow] = [bestColumn, bestRow];
  for (let row = -1; row <= 1; row++)
    for (let column = -1; column <= 1; column++) consider(nearColumn + column, nearRow + row);
  const best = score(bestColumn, bestRow);
  const isAtEdge = Math.max(Math.abs(bestColumn), Math.abs(bestRow)) === REACH;
  if (best < LEAST_CORRELATION || isAtEdge) return undefined;

  // The least certain direction: the smaller eigenvalue of the structure tensor (Shi and Tomasi 1994, "Good features to track").
  const half = (alongX + alongY) / 2;
  const least = half - Math.sqrt(Math.max(0, half * half - alongX * alongY + alongBoth * alongBoth));
  const noise = SPREAD_NOISE * contrast * Math.sqrt(Math.max(0.0004, 1 - best * best));
  const doubt = noise / Math.sqrt(Math.max(1e-6, least));
  if (doubt >= MOST_DOUBT_PX) return undefined;
  const summit = peak((column, row) => score(bestColumn + column, bestRow + row));
  if (summit === undefined) return undefined;
  return {
    ...{ x, y },
    byX: bestColumn + summit.x,
    byY: bestRow + summit.y,
    weight: 1 / (doubt * doubt + LEAST_VARIANCE),
  };
}

/** Mean brightness of a patch. */
export function meanOfPatch(luma: Float32Array, { x, y }: Point): number {
  const middle = y * TEXTURE_PX + x;
  let sum = 0;
  for (let row = -PATCH_HALF; row <= PATCH_HALF; row++)
    for (let column = -PATCH_HALF; column <= PATCH_HALF; column++)
      sum += luma[middle + row * TEXTURE_PX + column]!;
  return sum / PATCH_PIXELS;
}

/** Normalised cross-correlation of a patch with the other texture, `by` further on in memory; -1..1. */
function correlation(
  was: Float32Array,
  is: Float32Array,
  middle: number,
  by: number,
  mean: number,
  contrast: number,
): number {
  let [sum, squares, products] = [0, 0, 0];
  for (let row = -PATCH_HALF; row <= PATCH_HALF; row++) {
    const from = middle + row * TEXTURE_PX;
    for (let at = from - PATCH_HALF; at <= from + PATCH_HALF; at++) {
      const value = is[at + by]!;
      sum += value;
      squares += value * value;
      products += value * was[at]!;
    }
  }
  const other = sum / PATCH_PIXELS;
  const spread = Math.sqrt(Math.max(1e-6, squares / PATCH_PIXELS - other * other));
  return (products / PATCH_PIXELS - mean * other) / (contrast * spread);
}

/**
 * Where the quadratic surface through the highest of nine scores and its neighbours has its peak, up to a pixel away. One parabola for
 * each direction would be wrong beside edges that run across both. Undefined where the surface has no peak.
 */
function peak(scoreAt: (column: number, row: number) => number): Point | undefined {
  const best = scoreAt(0, 0);
  const slopeX = (scoreAt(1, 0) - scoreAt(-1, 0)) / 2;
  const slopeY = (scoreAt(0, 1) - scoreAt(0, -1)) / 2;
  const bendX = scoreAt(1, 0) - 2 * best + scoreAt(-1, 0);
  const bendY = scoreAt(0, 1) - 2 * best + scoreAt(0, -1);
  const twist = (scoreAt(1, 1) - scoreAt(-1, 1) - scoreAt(1, -1) + scoreAt(-1, -1)) / 4;
  const determinant = bendX * bendY - twist * twist;
  if (bendX >= 0 || determinant <= 1e-9) return undefined;
  const near = (value: number): number => Math.min(1, Math.max(-1, value));
  return {
    x: near((twist * slopeY - bendY * slopeX) / determinant),
    y: near((twist * slopeX - bendX * slopeY) / determinant),
  };
}
