import { type Affine, fitSimilarity } from './affine.js';
import type { FivePoints } from './face.js';
import type { Point } from './geometry.js';

/**
 * Where five points of an average face lie in the unit square: eye corners (subject's right outer, right inner, left inner,
 * left outer) and nose base. These are the constants of dlib's `get_face_chip_details`, with whose crops the
 * dlib recogniser was trained.
 */
const DLIB_MEAN_FACE: FivePoints = [
  { x: 0.1205750620789, y: 0.2137274526848 },
  { x: 0.3340850613712, y: 0.2290642403242 },
  { x: 0.6460604764104, y: 0.2289674387677 },
  { x: 0.8595674595992, y: 0.2134981538014 },
  { x: 0.4901123135679, y: 0.6277975316475 },
];

/** dlib's own choice, and measured best here: 0.20 is as good, over 0.30 the error rates collapse. */
const DLIB_PADDING = 0.25;

/** Takes the dlib recogniser's square crop of `cropPx` to the picture in which the five points were found. */
export function dlibAlignment(points: FivePoints, cropPx: number): Affine {
  return meanFaceAlignment(points, cropPx, DLIB_PADDING);
}

/** Measured: FNMR at an FMR of 1e-3 is 22 % with 0.20, 14 % with 0.30, 10 % with 0.45. */
const FACERES_PADDING = 0.45;

/** Takes the square crop of `cropPx` for FaceRes to the picture in which the five points were found. */
export function faceResAlignment(points: FivePoints, cropPx: number): Affine {
  return meanFaceAlignment(points, cropPx, FACERES_PADDING);
}

/**
 * Takes a square crop of `cropPx` in which an average face fills the middle, with `padding` times the face's
 * side around it, to the picture in which the five points were found. Without padding it shows brows to mouth.
 */
export function meanFaceAlignment(points: FivePoints, cropPx: number, padding: number): Affine {
  const padded = (value: number): number => ((padding + value) / (1 + 2 * padding)) * cropPx;
  const template = DLIB_MEAN_FACE.map((point): Point => ({ x: padded(point.x), y: padded(point.y) }));
  return fitSimilarity(template, points);
}

/**
 * The template to which the makers of ArcFace and SFace align, reduced to what four eye corners and the nose base
 * tell: eye centres and nose base in a crop of 112 x 112. Published are the eye centres (38.2946, 51.6963),
 * (73.5318, 51.5014), the nose tip and the mouth corners; the eye centres alone fix a similarity.
 */
const ARCFACE_EYES: readonly [Point, Point] = [
  { x: 38.2946, y: 51.6963 },
  { x: 73.5318, y: 51.5014 },
];

/** Takes the 112 x 112 crop that SFace expects to the picture in which the five points were found. */
export function arcFaceAlignment(points: FivePoints): Affine {
  const [rightOuter, rightInner, leftInner, leftOuter] = points;
  return fitSimilarity(ARCFACE_EYES, [midpoint(rightOuter, rightInner), midpoint(leftInner, leftOuter)]);
}

function midpoint(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
