import { type Affine, applyAffine, fitAffine, fitSimilarity } from '../faces/affine.js';
import { eyeMiddlesOf } from '../faces/face-mesh.js';
import type { Point } from '../faces/geometry.js';
import {
  details,
  eyesAt,
  type FollowedPatch,
  follow,
  mappedBack,
  meanOfPatch,
  patchMiddles,
  smoothed,
  TEXTURE_PX,
} from './patches.kernel.js';

/*
 * A picture of a face moves as one: whatever is done to the sheet, a smooth map takes the skin of one moment to that of another. In a
 * living face parts of the skin shift against that map: lips, cheeks and brows move by themselves, and the nose stands out. So patches of
 * skin are followed from one look to the other, and whatever a quadratic map leaves unexplained counts as motion. The face mesh only
 * says where to look, by a single affine map, which the quadratic one contains: so its noise is not taken for motion.
 */

/** How the skin of a face looked in one frame. */
export interface FaceTexture {
  /** Brightness, 0..255: the face upright, the middles of its eyes `EYES_PX` apart; `TEXTURE_PX` squared, row by row. */
  readonly luma: Uint8Array;
  /** `FaceLandmarks.shape` in pixels of the texture. */
  readonly shape: readonly Point[];
}

const EYES_PX = 34;
/** Height of the line of the eyes. */
const EYES_Y = 33;
const eyesInTexture = eyesAt(EYES_PX, EYES_Y);

/** Takes the texture of a face to the picture in which its `shape` was found. */
export const textureToPicture = (shape: readonly Point[]): Affine =>
  fitSimilarity(eyesInTexture, eyeMiddlesOf(shape));

/** A shape in pixels of the texture. */
export function shapeInTexture(shape: readonly Point[]): readonly Point[] {
  const map = fitSimilarity(eyeMiddlesOf(shape), eyesInTexture);
  return shape.map((point) => applyAffine(map, point));
}

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
/** Details have little contrast, above all in dim light and on even skin. */
const LEAST_CONTRAST = 1;
/** With fewer patches the map would follow the motion itself. */
const FEWEST_PATCHES = 25;

/** The oval of a face, below the line of the eyes, and the rectangle about each eye: half of width and height, in distances of the eyes. */
const oval = { y: 0.43, width: 1, height: 1.29 } as const;
const besideEyes = { width: 0.45, height: 0.42 } as const;

/** Whether a pixel of a texture shows skin: the face without the eyes, whose lids may be drawn. */
export function isSkin(x: number, y: number): boolean {
  const across = (x - TEXTURE_PX / 2) / EYES_PX;
  const down = (y - EYES_Y) / EYES_PX;
  const isInFace = (across / oval.width) ** 2 + ((down - oval.y) / oval.height) ** 2 <= 1;
  const isEye = Math.abs(Math.abs(across) - 0.5) < besideEyes.width && Math.abs(down) < besideEyes.height;
  return isInFace && !isEye;
}

const skinMiddles = patchMiddles(6, isSkin);

/** A patch, and by how much the mean brightness grew at its place. */
interface LitPatch extends FollowedPatch {
  readonly brighter: number;
}

/** A face at one moment: its skin, and its mesh, which may be averaged over more frames than the one with this texture. */
interface SkinLook {
  readonly texture: FaceTexture;
  /** In the order of `FaceLandmarks.shape`, in any unit. */
  readonly points: readonly Point[];
}

/** How far skin has shifted against a smooth map, and what that is worth. */
export interface SkinShift {
  /** Root mean square beyond the noise, in distances of the eyes; less where the light changed unevenly. */
  readonly shift: number;
  /** How far places that are as uncertain as these would seem to shift in a picture, in distances of the eyes. */
  readonly noise: number;
  /** Correlation with the movement of the mesh, -1..1: noise goes anywhere, skin goes where lips, nose and brows go. */
  readonly agreement: number;
  /** What the correlation is made of, so that several comparisons can be taken together. */
  readonly moments: Moments;
}

/** Means over the patches of what the smooth maps leave, in distances of the eyes squared: of the skin, of the mesh, of their product. */
interface Moments {
  readonly skin: number;
  readonly mesh: number;
  readonly both: number;
}

const correlationOf = ({ skin, mesh, both }: Moments): number =>
  both / Math.sqrt(Math.max(Number.MIN_VALUE, skin * mesh));

/** Several comparisons as one: each counts as much as mesh and skin moved in it. There must be one at least. */
export function togetherShifted(shifts: readonly SkinShift[]): SkinShift {
  const mean = (of: (each: SkinShift) => number): number =>
    shifts.reduce((sum, each) => sum + of(each), 0) / shifts.length;
  const moments: Moments = {
    skin: mean((each) => each.moments.skin),
    mesh: mean((each) => each.moments.mesh),
    both: mean((each) => each.moments.both),
  };
  return {
    shift: Math.sqrt(mean(({ shift }) => shift ** 2)),
    noise: Math.sqrt(mean(({ noise }) => noise ** 2)),
    agreement: correlationOf(moments),
    moments,
  };
}

/** What comparisons of textures begin with. */
export interface Prepared {
  readonly smooth: Float32Array;
  readonly details: Float32Array;
}

/** A texture is compared with those of some seconds. */
const prepared = new WeakMap<FaceTexture, Prepared>();

/** Made once for each texture; not to be changed. */
export function preparedOf(texture: FaceTexture): Prepared {
  const known = prepared.get(texture);
  if (known !== undefined) return known;
  const smooth = smoothed(texture.luma);
  const made = { smooth, details: details(smooth) };
  prepared.set(texture, made);
  return made;
}

/** By how much the skin has shifted from one look to the other. Undefined if too little of it is found again. */
export function skinShift(before: SkinLook, after: SkinLook): SkinShift | undefined {
  const [from, to] = [before.texture, after.texture];
  const map = fitAffine(from.shape, to.shape);
  if (map === undefined) return undefined;
  const { smooth: was, details: wasDetails } = preparedOf(from);
  const is = mappedBack(preparedOf(to).smooth, map);
  const isDetails = details(is);
  const patches = skinMiddles.flatMap((middle) => {
    const found = follow(wasDetails, isDetails, middle, LEAST_CONTRAST);
    return found ? [{ ...found, brighter: meanOfPatch(is, middle) - meanOfPatch(was, middle) }] : [];
  });
  const { lit, unevenness } = inLight(patches);
  if (lit.length < FEWEST_PATCHES) return undefined;
  const skin = unexplained(lit, ({ byX, byY }) => [byX, byY]);
  const mesh = unexplained(lit, meshShift(before, after));
  if (skin === undefined || mesh === undefined) return undefined;
  const weights = lit.reduce((sum, { weight }) => sum + weight, 0);
  // A weight is one over the variance of a place, and the map follows as many places as it has terms.
  const noise = Math.sqrt((lit.length - TERMS) / weights) / EYES_PX;
  const mean = (a: readonly Pair[], b: readonly Pair[]): number =>
    products(lit, a, b) / weights / EYES_PX ** 2;
  const moments: Moments = { skin: mean(skin, skin), mesh: mean(mesh, mesh), both: mean(skin, mesh) };
  const all = Math.sqrt(moments.skin) / Math.max(1, unevenness / EVEN_LIGHT);
  return {
    shift: Math.sqrt(Math.max(0, all ** 2 - noise ** 2)),
    noise,
    agreement: correlationOf(moments),
    moments,
  };
}

/** The mesh moves the skin around a point as far as this, pixels of the texture. */
const POINT_REACH = EYES_PX / 4;

/** Where the mesh went at a place: the mean of the points around it, pixels of the texture. */
function meshShift(before: SkinLook, after: SkinLook): (place: Point) => Pair {
  const places = before.texture.shape;
  const [was, is] = [fitAffine(before.points, places), fitAffine(after.points, places)];
  if (was === undefined || is === undefined) return () => [0, 0];
  const shifts = places.map(({ x, y }, index) => {
    const [from, to] = [applyAffine(was, before.points[index]!), applyAffine(is, after.points[index]!)];
    return { x, y, byX: to.x - from.x, byY: to.y - from.y };
  });
  return (place) => {
    let [sum, byX, byY] = [0, 0, 0];
    for (const shift of shifts) {
      const far = (shift.x - place.x) ** 2 + (shift.y - place.y) ** 2;
      const near = Math.exp(-far / (2 * POINT_REACH ** 2));
      sum += near;
      byX += near * shift.byX;
      byY += near * shift.byY;
    }
    return sum > 0 ? [byX / sum, byY / sum] : [0, 0];
  };
}

/**
 * The patches whose light changed as that of the face did, and how unevenly it changed: root mean square of what a quadratic map over all
 * patches leaves. A lamp that is reflected in a glossy sheet wanders over it as the sheet is moved, and its edges look like skin that shifts.
 */
function inLight(patches: readonly LitPatch[]): {
  readonly lit: readonly LitPatch[];
  readonly unevenness: number;
} {
  let [lit, unevenness] = [patches, 0];
  for (let turn = 0; turn < LIGHT_TURNS && lit.length >= FEWEST_PATCHES; turn++) {
    const light = quadraticFit(lit, ({ brighter }) => [brighter, 0]);
    if (light === undefined) return { lit: [], unevenness };
    const off = (patch: LitPatch): number => Math.abs(patch.brighter - light(patch)[0]);
    if (turn === 0) unevenness = Math.sqrt(lit.reduce((sum, patch) => sum + off(patch) ** 2, 0) / lit.length);
    lit = patches.filter((patch) => off(patch) <= MOST_LIGHT);
  }
  return { lit, unevenness };
}

const TERMS = 6;

/** What the best quadratic map over the patches leaves of the values of each. */
function unexplained<Patch extends FollowedPatch>(
  patches: readonly Patch[],
  valuesOf: (patch: Patch) => Pair,
): readonly Pair[] | undefined {
  const map = quadraticFit(patches, valuesOf);
  return (
    map &&
    patches.map((patch) => {
      const [[x, y], [mappedX, mappedY]] = [valuesOf(patch), map(patch)];
      return [x - mappedX, y - mappedY];
    })
  );
}

/** Weighted sum of the scalar products of two values of each patch. */
function products(patches: readonly FollowedPatch[], a: readonly Pair[], b: readonly Pair[]): number {
  return patches.reduce(
    (sum, { weight }, index) => sum + weight * (a[index]![0] * b[index]![0] + a[index]![1] * b[index]![1]),
    0,
  );
}

type Pair = readonly [number, number];

/** The terms and values of one patch. */
const equation = new Float64Array(TERMS + 2);

/** The quadratic map of places that is nearest to two values of each patch, by weighted least squares. */
function quadraticFit<Patch extends FollowedPatch>(
  patches: readonly Patch[],
  valuesOf: (patch: Patch) => Pair,
): ((place: Point) => Pair) | undefined {
  const equations = Array.from({ length: TERMS }, () => new Array<number>(TERMS + 2).fill(0));
  for (const patch of patches) {
    equation.set(termsAt(patch));
    equation.set(valuesOf(patch), TERMS);
    for (let at = 0; at < TERMS; at++) {
      const sums = equations[at]!;
      const weight = patch.weight * equation[at]!;
      for (let column = 0; column < TERMS + 2; column++) sums[column]! += weight * equation[column]!;
    }
  }
  const solution = solved(equations);
  if (solution === undefined) return undefined;
  return (place) => {
    const terms = termsAt(place);
    const mapped = (of: 0 | 1): number =>
      terms.reduce((sum, term, index) => sum + term * solution[index]![of]!, 0);
    return [mapped(0), mapped(1)];
  };
}

function termsAt(place: Point): readonly number[] {
  const x = place.x / TEXTURE_PX - 0.5;
  const y = place.y / TEXTURE_PX - 0.5;
  return [1, x, y, x * x, x * y, y * y];
}

/**
 * Solves linear equations by elimination with pivots: rows of coefficients and right sides. For each unknown, one value for each right side;
 * undefined if there is no single solution. Changes the rows.
 */
export function solved(equations: number[][]): number[][] | undefined {
  const unknowns = equations.length;
  for (let at = 0; at < unknowns; at++) {
    const rest = equations.slice(at);
    const largest = rest.reduce((best, row) => (Math.abs(row[at]!) > Math.abs(best[at]!) ? row : best));
    if (Math.abs(largest[at]!) < 1e-12) return undefined;
    equations[equations.indexOf(largest)] = equations[at]!;
    equations[at] = largest;
    for (const row of equations) {
      if (row === largest) continue;
      const factor = row[at]! / largest[at]!;
      for (let column = at; column < row.length; column++) row[column]! -= factor * largest[column]!;
    }
  }
  return equations.map((row, at) => row.slice(unknowns).map((right) => right / row[at]!));
}
