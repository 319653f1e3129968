import { edgesOf, type Place, type Polygon } from './polygon.js';

/** A rectangle in fractions of the picture. */
export interface Strip {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** How far a strip may reach beyond a slanted edge, as a share of the picture's width or of its height. */
const finest = 1 / 160;
/** Strips of one camera. More slow its decoder down: coarser ones, which cover more, are taken instead. */
const mostStrips = 256;

/**
 * Rectangles that together cover the polygons completely, and little more. A rectangle gives itself; a slanted edge gives a flight of
 * steps outside the polygon.
 */
export function stripsOf(polygons: readonly Polygon[]): readonly Strip[] {
  const shapes = polygons.flatMap(trapezoidsOf);
  for (let step = finest; step < 2; step *= 2) {
    const strips = shapes.flatMap((shape) => cut(shape, step));
    if (strips.length <= mostStrips) return strips;
  }
  return polygons.flatMap(bandsOf);
}

/** Strips that cover a polygon and its gaps, for polygons with many teeth: fewer than the polygon has corners. */
function bandsOf(polygon: Polygon): readonly Strip[] {
  const strips = trapezoidsOf(polygon).flatMap((shape) => cut(shape, Number.POSITIVE_INFINITY));
  const tops = [...new Set(strips.map(({ top }) => top))];
  return tops.map((top) => {
    const band = strips.filter((strip) => strip.top === top);
    return {
      left: Math.min(...band.map(({ left }) => left)),
      right: Math.max(...band.map(({ right }) => right)),
      top,
      bottom: Math.max(...band.map(({ bottom }) => bottom)),
    };
  });
}

/** A part of a polygon between two heights, with one straight edge on either side. */
interface Trapezoid {
  readonly top: number;
  readonly bottom: number;
  readonly left: readonly [atTop: number, atBottom: number];
  readonly right: readonly [atTop: number, atBottom: number];
}

/** Between the heights of two corners next to each other, the edges of a polygon do not cross: each two of them bound a trapezoid. */
function trapezoidsOf(polygon: Polygon): readonly Trapezoid[] {
  const heights = [...new Set(polygon.map(({ y }) => y))].sort((a, b) => a - b);
  return heights.slice(1).flatMap((bottom, index) => {
    const top = heights[index] ?? bottom;
    const sides = edgesOf(polygon)
      .filter(([a, b]) => Math.min(a.y, b.y) <= top && Math.max(a.y, b.y) >= bottom && a.y !== b.y)
      .map(([a, b]) => [xAt(a, b, top), xAt(a, b, bottom)] as const)
      .sort((a, b) => a[0] + a[1] - (b[0] + b[1]));
    return sides.flatMap((left, side) => {
      const right = sides[side + 1];
      return side % 2 === 0 && right !== undefined ? [{ top, bottom, left, right }] : [];
    });
  });
}

function xAt(a: Place, b: Place, y: number): number {
  return a.x + ((y - a.y) * (b.x - a.x)) / (b.y - a.y);
}

function cut({ top, bottom, left, right }: Trapezoid, step: number): readonly Strip[] {
  const slant = Math.max(Math.abs(left[1] - left[0]), Math.abs(right[1] - right[0]));
  // An edge that is nearly level needs few strips: each is so low that it reaches hardly above or below the edge.
  const count = Math.max(1, Math.ceil(Math.min(slant, bottom - top) / step - 1e-9));
  const between = ([from, to]: readonly [number, number], share: number) => from + (to - from) * share;
  return Array.from({ length: count }, (_, index) => {
    const [above, below] = [index / count, (index + 1) / count];
    return {
      left: Math.min(between(left, above), between(left, below)),
      right: Math.max(between(right, above), between(right, below)),
      top: between([top, bottom], above),
      bottom: between([top, bottom], below),
    };
  });
}
