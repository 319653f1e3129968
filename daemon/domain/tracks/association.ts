import { type Box, boxCentre, intersectionOverUnion } from '../faces/geometry.js';
import { assign } from './assignment.js';

/** Where a known face should be, and how long ago that was last true. */
export interface Expectation {
  readonly box: Box;
  /** Milliseconds since the face was seen; widens the circle in which it is looked for. */
  readonly unseenMs: number;
  /** The box follows from a measured velocity, not only from where the face was last. */
  readonly isPredicted: boolean;
}

/** Which expectation each box belongs to, and what is left over. Numbers are indices of the two inputs. */
export interface Association {
  /** Index of the expectation by index of the box. */
  readonly expectationOf: ReadonlyMap<number, number>;
  readonly newcomers: readonly number[];
  readonly missing: readonly number[];
}

/** How far a face may be from where it is expected, in face sizes: half a face, growing while it is unseen. */
const reachFaces = 0.5;
/**
 * How fast the circle grows, face sizes a second. Somebody who walks across the picture (1.4 m/s) covers nine widths of
 * a face (0.15 m) a second; once the velocity is known, what is left is people who stop or turn.
 */
const reachFacesPerS = { unknownVelocity: 9, predicted: 2 };
/** Faces do not grow or shrink more than this between two looks. */
const largestScaleChange = 2;

/**
 * What it costs to say that `box` is the expected face: 0 for the same rectangle, up to 2; `Infinity` where that
 * cannot be. Overlap decides between neighbours; distance decides where nothing overlaps any more.
 */
export function associationCost(expectation: Expectation, box: Box): number {
  const expectedSize = faceSize(expectation.box);
  const size = faceSize(box);
  if (expectedSize <= 0 || size <= 0) return Number.POSITIVE_INFINITY;
  const scale = Math.max(size / expectedSize, expectedSize / size);
  if (scale > largestScaleChange) return Number.POSITIVE_INFINITY;
  const growth = expectation.isPredicted ? reachFacesPerS.predicted : reachFacesPerS.unknownVelocity;
  const reach = reachFaces + (growth * expectation.unseenMs) / 1000;
  const distance = centreDistanceFaces(expectation.box, box);
  if (distance > reach) return Number.POSITIVE_INFINITY;
  return 1 - intersectionOverUnion(expectation.box, box) + distance / reach;
}

/** Joins boxes with expectations, as many as possible at the least summed cost. */
export function associate(expectations: readonly Expectation[], boxes: readonly Box[]): Association {
  const costs = expectations.map((expectation) => boxes.map((box) => associationCost(expectation, box)));
  const expectationOf = new Map<number, number>();
  const found = new Set<number>();
  for (const { row, column } of assign(costs)) {
    expectationOf.set(column, row);
    found.add(row);
  }
  return {
    expectationOf,
    newcomers: boxes.map((_, index) => index).filter((index) => !expectationOf.has(index)),
    missing: expectations.map((_, index) => index).filter((index) => !found.has(index)),
  };
}

/** Distance of two boxes' centres in units of their mean size. */
export function centreDistanceFaces(a: Box, b: Box): number {
  const from = boxCentre(a);
  const to = boxCentre(b);
  const meanSize = (faceSize(a) + faceSize(b)) / 2;
  return meanSize <= 0 ? Number.POSITIVE_INFINITY : Math.hypot(to.x - from.x, to.y - from.y) / meanSize;
}

/** Side of the square with the box's area, pixels. */
function faceSize(box: Box): number {
  return Math.sqrt(Math.max(0, box.width) * Math.max(0, box.height));
}
