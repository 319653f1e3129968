import { applyAffine, fitAffine } from '../faces/affine.js';
import { eyeDistanceOf } from '../faces/face-mesh.js';
import type { Point } from '../faces/geometry.js';

/*
 * A face that changes its expression passes through what lies between. Two photographs of one person that are exchanged do not: one look
 * shows the one, the next look the other. While a sheet is taken away, turned over, or replaced, the mesh takes what it sees for a face
 * between both, so such looks do not count.
 */

/** The shape of a face in one look, in the order of `FaceLandmarks.shape`. */
export interface SeenShape {
  readonly atMs: number;
  readonly shape: readonly Point[];
  /** Whether it moved so quickly as a whole since the look before that its mesh may be that of a smeared or slanted picture. */
  readonly isCarried: boolean;
}

/** Distances of the eyes a second, about 0.3 m. A man whose whole face squeezes reaches 4.7; a sheet that is flipped, 5 to 20. */
const largestPlacePerS = 5;
/** Natural logarithm of the size, a second. The same man reaches 1.3; a sheet that is turned over, 1.6 to 10. */
const largestGrowthPerS = 1.5;

export function seenOnWay(before: SeenShape | undefined, atMs: number, shape: readonly Point[]): SeenShape {
  if (before === undefined) return { atMs, shape, isCarried: false };
  const seconds = Math.max(atMs - before.atMs, 1) / 1000;
  const [was, is] = [middleOf(before.shape), middleOf(shape)];
  const [wasPx, isPx] = [eyeDistanceOf(before.shape), eyeDistanceOf(shape)];
  const isCarried =
    Math.hypot(is.x - was.x, is.y - was.y) > largestPlacePerS * seconds * wasPx ||
    Math.abs(Math.log(isPx / wasPx)) > largestGrowthPerS * seconds;
  return { atMs, shape, isCarried };
}

/** A tenth of a second: an expression takes longer. Looks further apart than that are compared as well. */
const leapMs = 100;
/** Time stamps of cameras jitter, milliseconds. */
const jitterMs = 5;

/**
 * The largest part of the way between two shapes that a face went within a tenth of a second, or from one look to the next, 0..1, however
 * it was held meanwhile. The way reaches from the look that is furthest on one side to that on the other. 1 if there are no two looks, or
 * no way.
 */
export function largestLeap(
  from: readonly Point[],
  to: readonly Point[],
  looks: readonly Pick<SeenShape, 'atMs' | 'shape'>[],
): number {
  const changeTo = (shape: readonly Point[]): readonly Point[] | undefined => {
    const map = fitAffine(shape, from);
    return map && shape.map((point, at) => differenceOf(applyAffine(map, point), from[at] ?? point));
  };
  const way = changeTo(to);
  if (way === undefined) return 1;
  const passed = looks.flatMap(({ atMs, shape }) => {
    const change = changeTo(shape);
    return change === undefined ? [] : [{ atMs, place: productOf(change, way) }];
  });
  const places = passed.map(({ place }) => place);
  const range = Math.max(...places) - Math.min(...places);
  const leaps = passed.flatMap((now, at) =>
    passed
      .slice(0, at)
      .filter(({ atMs }, before) => before === at - 1 || now.atMs - atMs <= leapMs + jitterMs)
      .map(({ place }) => Math.abs(now.place - place)),
  );
  return range > 0 ? Math.max(...leaps) / range : 1;
}

function middleOf(shape: readonly Point[]): Point {
  const mean = (of: (point: Point) => number): number =>
    shape.reduce((sum, point) => sum + of(point), 0) / shape.length;
  return { x: mean(({ x }) => x), y: mean(({ y }) => y) };
}

const differenceOf = (a: Point, b: Point): Point => ({ x: a.x - b.x, y: a.y - b.y });

const productOf = (a: readonly Point[], b: readonly Point[]): number =>
  a.reduce((sum, { x, y }, at) => sum + x * (b[at]?.x ?? 0) + y * (b[at]?.y ?? 0), 0);
