import { type Affine, applyAffine, fitAffine, fitSimilarity } from '../faces/affine.js';
import { eyeMiddlesOf } from '../faces/face-mesh.js';
import type { Point } from '../faces/geometry.js';

/*
 * A picture of a face moves as one: whatever is done to the sheet, a smooth map takes the skin of one moment to that of another. In a
 * living face parts of the skin shift against that map: lips, cheeks and brows move by themselves, and the nose stands out. So patches of
 * skin are followed from one look to the other, as in digital image correlation (Sutton et al. 1983, Image and Vision Computing
 * 1:133-139), and whatever a quadratic map leaves unexplained counts as motion. The face mesh only says where to look, by a single affine
 * map, which the quadratic one contains: so its noise is not taken for motion.
 */

/** How the skin of a face looked in one frame. */
export interface FaceTexture {
  /** Brightness, 0..255: the face upright, the middles of its eyes `EYES_PX` apart; `TEXTURE_PX` squared, row by row. */
  readonly luma: Uint8Array;
  /** `FaceLandmarks.shape` in pixels of the texture. */
  readonly shape: readonly Point[];
}

/** Side of a texture, pixels. */
export const TEXTURE_PX = 96;
const EYES_PX = 34;
/** Height of the line of the eyes. */
const EYES_Y = 33;
const eyesInTexture: readonly Point[] = [
  { x: (TEXTURE_PX - EYES_PX) / 2, y: EYES_Y },
  { x: (TEXTURE_PX + EYES_PX) / 2, y: EYES_Y },
];

/** Takes the texture of a face to the picture in which its `shape` was found. */
export const textureToPicture = (shape: readonly Point[]): Affine =>
  fitSimilarity(eyesInTexture, eyeMiddlesOf(shape));

/** A shape in pixels of the texture. */
export function shapeInTexture(shape: readonly Point[]): readonly Point[] {
  const map = fitSimilarity(eyeMiddlesOf(shape), eyesInTexture);
  return shape.map((point) => applyAffine(map, point));
}

/** A patch has so many pixels on each side of its middle; its middles are so far apart. */
const HALF = 7;
const PATCH_EVERY = 6;
const PATCH_PIXELS = (2 * HALF + 1) ** 2;
/** A patch is looked for so far away, pixels. */
const REACH = 5;
/** Where a whole patch that moved still lies in the texture. */
const MARGIN = HALF + REACH + 1;

/** A patch without contrast cannot be followed: least standard deviation of its brightness. */
const LEAST_CONTRAST = 2;
/** It is found again if it correlates so well, and if the noise leaves its place certain to so many pixels. */
const LEAST_CORRELATION = 0.5;
const MOST_DOUBT_PX = 0.5;
/** Noise that smoothing has spread over neighbours counts so much more. */
const SPREAD_NOISE = 2.5;
/** The middle of a correlation peak is known to 0.1 pixels at best. */
const LEAST_VARIANCE = 0.01;
/**
 * The light of a patch may change by so much more or less than a quadratic map over the face tells, 0..255; the map is fitted again without
 * the others.
 */
const MOST_LIGHT = 8;
/**
 * Where the light changes more unevenly, the skin must shift by as many times more. Where they move, most living faces stay below
 * 3.5, those that turn below a lamp reach 9.4; glossy photographs below a lamp that seem to move 9.7 and more.
 */
const EVEN_LIGHT = 3.5;
const LIGHT_TURNS = 3;
/** With fewer patches the map would follow the motion itself. */
const FEWEST_PATCHES = 25;

/** The oval of a face, below the line of the eyes, and the rectangle about each eye: half of width and height, in distances of the eyes. */
const oval = { y: 0.43, width: 1, height: 1.29 } as const;
const besideEyes = { width: 0.45, height: 0.42 } as const;

/** Middles of the patches: skin, without the eyes, whose lids may be drawn. */
const patchMiddles = middles();

function middles(): readonly Point[] {
  const found: Point[] = [];
  for (let y = MARGIN; y < TEXTURE_PX - MARGIN; y += PATCH_EVERY) {
    for (let x = MARGIN; x < TEXTURE_PX - MARGIN; x += PATCH_EVERY) {
      const across = (x - TEXTURE_PX / 2) / EYES_PX;
      const down = (y - EYES_Y) / EYES_PX;
      const isInFace = (across / oval.width) ** 2 + ((down - oval.y) / oval.height) ** 2 <= 1;
      const isEye = Math.abs(Math.abs(across) - 0.5) < besideEyes.width && Math.abs(down) < besideEyes.height;
      if (isInFace && !isEye) found.push({ x, y });
    }
  }
  return found;
}

/** Where a patch went, pixels, and how much it counts: one over the variance of its place. */
interface Followed extends Point {
  readonly byX: number;
  readonly byY: number;
  /** By how much the mean brightness grew at its place. */
  readonly brighter: number;
  readonly weight: number;
}

/**
 * By how much the skin has shifted against a smooth map from one look to the other: root mean square, in distances of the eyes; less where
 * the light changed unevenly. Undefined if too little of the skin is found again.
 */
export function skinShift(from: FaceTexture, to: FaceTexture): number | undefined {
  const map = fitAffine(from.shape, to.shape);
  if (map === undefined) return undefined;
  const was = smoothed(from.luma);
  const is = mappedBack(smoothed(to.luma), map);
  const { lit, unevenness } = inLight(patchMiddles.flatMap((middle) => follow(was, is, middle) ?? []));
  if (lit.length < FEWEST_PATCHES) return undefined;
  const shift = unexplained(lit);
  return shift && shift / Math.max(1, unevenness / EVEN_LIGHT);
}

/**
 * The patches whose light changed as that of the face did, and how unevenly it changed: root mean square of what a quadratic map over all
 * patches leaves. A lamp that is reflected in a glossy sheet wanders over it as the sheet is moved, and its edges look like skin that shifts.
 */
function inLight(patches: readonly Followed[]): {
  readonly lit: readonly Followed[];
  readonly unevenness: number;
} {
  let [lit, unevenness] = [patches, 0];
  for (let turn = 0; turn < LIGHT_TURNS && lit.length >= FEWEST_PATCHES; turn++) {
    const light = quadraticFit(lit, ({ brighter }) => [brighter, 0]);
    if (light === undefined) return { lit: [], unevenness };
    const off = (patch: Followed): number => Math.abs(patch.brighter - light(patch)[0]);
    if (turn === 0) unevenness = Math.sqrt(lit.reduce((sum, patch) => sum + off(patch) ** 2, 0) / lit.length);
    lit = patches.filter((patch) => off(patch) <= MOST_LIGHT);
  }
  return { lit, unevenness };
}

/** Each pixel and its neighbours, with binomial weights. */
function smoothed(luma: Uint8Array): Float32Array {
  const side = TEXTURE_PX;
  const alongRows = new Float32Array(side * side);
  const both = new Float32Array(side * side);
  for (let at = 1; at < side * side - 1; at++)
    alongRows[at] = (luma[at - 1]! + 2 * luma[at]! + luma[at + 1]!) / 4;
  for (let at = side; at < side * (side - 1); at++)
    both[at] = (alongRows[at - side]! + 2 * alongRows[at]! + alongRows[at + side]!) / 4;
  return both;
}

/** The texture as it would look where the other one is: `map` leads from there to it. */
function mappedBack(luma: Float32Array, map: Affine): Float32Array {
  const side = TEXTURE_PX;
  const back = new Float32Array(side * side);
  for (let row = 0, at = 0; row < side; row++) {
    for (let column = 0; column < side; column++, at++) {
      const x = within(map.xx * (column + 0.5) + map.xy * (row + 0.5) + map.x0 - 0.5);
      const y = within(map.yx * (column + 0.5) + map.yy * (row + 0.5) + map.y0 - 0.5);
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

/** Follows one patch; undefined if it has no contrast, is not found again, or its place is in doubt. */
function follow(was: Float32Array, is: Float32Array, { x, y }: Point): Followed | undefined {
  const side = TEXTURE_PX;
  const middle = y * side + x;
  let [sum, squares, alongX, alongBoth, alongY] = [0, 0, 0, 0, 0];
  for (let row = -HALF; row <= HALF; row++) {
    for (let at = middle + row * side - HALF; at <= middle + row * side + HALF; at++) {
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
  if (contrast < LEAST_CONTRAST) return undefined;

  const span = 2 * REACH + 1;
  const scores = new Float64Array(span * span).fill(-1);
  const score = (column: number, row: number): number => {
    const at = (row + REACH) * span + column + REACH;
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
    brighter: meanAt(is, middle) - mean,
    weight: 1 / (doubt * doubt + LEAST_VARIANCE),
  };
}

function meanAt(luma: Float32Array, middle: number): number {
  let sum = 0;
  for (let row = -HALF; row <= HALF; row++)
    for (let column = -HALF; column <= HALF; column++) sum += luma[middle + row * TEXTURE_PX + column]!;
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
  for (let row = -HALF; row <= HALF; row++) {
    const from = middle + row * TEXTURE_PX;
    for (let at = from - HALF; at <= from + HALF; at++) {
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

const TERMS = 6;

/** How far the patches are from where the best quadratic map puts them: root mean square, in distances of the eyes. */
function unexplained(patches: readonly Followed[]): number | undefined {
  const map = quadraticFit(patches, ({ byX, byY }) => [byX, byY]);
  if (map === undefined) return undefined;
  let [squares, weights] = [0, 0];
  for (const patch of patches) {
    const [x, y] = map(patch);
    squares += patch.weight * ((patch.byX - x) ** 2 + (patch.byY - y) ** 2);
    weights += patch.weight;
  }
  return Math.sqrt(squares / weights) / EYES_PX;
}

type Pair = readonly [number, number];

/** The quadratic map of places that is nearest to two values of each patch, by weighted least squares. */
function quadraticFit(
  patches: readonly Followed[],
  valuesOf: (patch: Followed) => Pair,
): ((place: Point) => Pair) | undefined {
  const equations = Array.from({ length: TERMS }, () => new Array<number>(TERMS + 2).fill(0));
  for (const patch of patches) {
    const row = [...termsAt(patch), ...valuesOf(patch)];
    for (let at = 0; at < TERMS; at++)
      for (let column = 0; column < TERMS + 2; column++)
        equations[at]![column]! += patch.weight * row[at]! * row[column]!;
  }
  const solution = solved(equations);
  if (solution === undefined) return undefined;
  return (place) => {
    const terms = termsAt(place);
    const mapped = (of: 0 | 1): number =>
      terms.reduce((sum, term, index) => sum + term * solution[index]![of], 0);
    return [mapped(0), mapped(1)];
  };
}

function termsAt(place: Point): readonly number[] {
  const x = place.x / TEXTURE_PX - 0.5;
  const y = place.y / TEXTURE_PX - 0.5;
  return [1, x, y, x * x, x * y, y * y];
}

/** Solves linear equations with two right sides by elimination with pivots; undefined if they have no single solution. */
function solved(equations: number[][]): [number, number][] | undefined {
  for (let at = 0; at < TERMS; at++) {
    const rest = equations.slice(at);
    const largest = rest.reduce((best, row) => (Math.abs(row[at]!) > Math.abs(best[at]!) ? row : best));
    if (Math.abs(largest[at]!) < 1e-12) return undefined;
    equations[equations.indexOf(largest)] = equations[at]!;
    equations[at] = largest;
    for (const row of equations) {
      if (row === largest) continue;
      const factor = row[at]! / largest[at]!;
      for (let column = at; column < TERMS + 2; column++) row[column]! -= factor * largest[column]!;
    }
  }
  return equations.map((row, at) => [row[TERMS]! / row[at]!, row[TERMS + 1]! / row[at]!]);
}
