import { assign } from '../assignment.js';
import { type Box, boxCentre, intersectionOverUnion } from '../faces/geometry.js';

/** The expected place of a known face. */
export interface Expectation {
  readonly box: Box;
  /** Milliseconds since the face was last seen; the search radius grows with it. */
  readonly unseenMs: number;
  /** The box is predicted from a measured velocity, not only the last position. */
  readonly isPredicted: boolean;
}

/** Assigns boxes to expectations. Numbers are indices of the two inputs. */
interface Association {
  /** Index of the expectation by index of the box. */
  readonly expectationOf: ReadonlyMap<number, number>;
  /** Expectations without a box. */
  readonly missing: readonly number[];
}

/** Search radius around the expected place, in face sizes; it grows while the face is unseen. */
const reachFaces = 0.5;
/**
 * Growth of the radius, face sizes a second. A person who walks across the picture (1.4 m/s) covers nine face widths (0.15 m) a
 * second. With a known velocity, the radius only has to cover people who stop or turn.
 */
const reachFacesPerS = { unknownVelocity: 9, predicted: 2 };
/** Faces do not grow or shrink more than this between two measurements. */
const largestScaleChange = 2;

/**
 * The cost of assigning `box` to the expected face: 0 for the same rectangle, up to 2; `Infinity` if it is impossible. The
 * overlap decides between neighbours; the distance decides without overlap.
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

/** Assigns as many boxes as possible to expectations, at the lowest total cost. */
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

/** The place that one track claims for its face. */
interface Claim {
  /** The box predicted with constant velocity. */
  readonly predicted: Box;
  /** The box of the fitted mesh. */
  readonly found: Box;
  /** Beginning of the track: the older track wins a tie. */
  readonly firstSeenMs: number;
}

/** Two meshes that overlap more are on the same face: two heads cannot overlap so much. */
const sameFaceOverlap = 0.5;

/**
 * When one person passes behind another, the mesh of the hidden face jumps to the visible face. Returns which claims are
 * valid: of the claims on one face, only the one with the nearest prediction. The other tracks have lost their face.
 */
export function settleClaims(claims: readonly Claim[]): readonly boolean[] {
  const order = claims
    .map((claim, index) => ({ claim, index, distance: centreDistanceFaces(claim.predicted, claim.found) }))
    .sort((a, b) => a.distance - b.distance || a.claim.firstSeenMs - b.claim.firstSeenMs);
  const isValid = claims.map(() => false);
  const kept: Box[] = [];
  for (const { claim, index } of order) {
    if (kept.some((box) => intersectionOverUnion(box, claim.found) > sameFaceOverlap)) continue;
    kept.push(claim.found);
    isValid[index] = true;
  }
  return isValid;
}
