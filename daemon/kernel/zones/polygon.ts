/** A place in a picture, in fractions of its width and height: (0, 0) is the top left corner, (1, 1) the bottom right one. */
export interface Place {
  readonly x: number;
  readonly y: number;
}

/** The corners of an area in order. The last corner is joined to the first. */
export type Polygon = readonly Place[];

export const fewestCorners = 3;
export const mostCorners = 16;

/** A smaller area, as a share of the picture, is a slip of the hand. */
const smallestArea = 1e-4;

type Edge = readonly [Place, Place];

export function edgesOf(polygon: Polygon): readonly Edge[] {
  return polygon.flatMap((from, index) => {
    const to = polygon[(index + 1) % polygon.length];
    return to === undefined ? [] : [[from, to] as const];
  });
}

/** Even-odd rule. A place on an edge may count either way. */
export function isInside(polygon: Polygon, { x, y }: Place): boolean {
  const crossed = edgesOf(polygon).filter(
    ([a, b]) => a.y > y !== b.y > y && x < a.x + ((y - a.y) * (b.x - a.x)) / (b.y - a.y),
  );
  return crossed.length % 2 === 1;
}

/** The share of the picture that the polygon covers. Meaningless for one that crosses itself. */
export function areaOf(polygon: Polygon): number {
  const twice = edgesOf(polygon).reduce((sum, [a, b]) => sum + a.x * b.y - b.x * a.y, 0);
  return Math.abs(twice) / 2;
}

/** Why a polygon cannot be used. */
export type PolygonFault = 'crosses-itself' | 'too-small';

export function faultOf(polygon: Polygon): PolygonFault | undefined {
  if (crossesItself(polygon)) return 'crosses-itself';
  return areaOf(polygon) < smallestArea ? 'too-small' : undefined;
}

/** Whether two edges that are not neighbours meet. */
function crossesItself(polygon: Polygon): boolean {
  const edges = edgesOf(polygon);
  return edges.some((edge, index) =>
    edges.some((other, otherIndex) => {
      const steps = otherIndex - index;
      return steps > 1 && steps < edges.length - 1 && doMeet(edge, other);
    }),
  );
}

function doMeet([a, b]: Edge, [c, d]: Edge): boolean {
  const [side1, side2] = [sideOf(a, b, c), sideOf(a, b, d)];
  const [side3, side4] = [sideOf(c, d, a), sideOf(c, d, b)];
  if (side1 !== side2 && side3 !== side4) return true;
  return (
    (side1 === 0 && isBetween(a, b, c)) ||
    (side2 === 0 && isBetween(a, b, d)) ||
    (side3 === 0 && isBetween(c, d, a)) ||
    (side4 === 0 && isBetween(c, d, b))
  );
}

/** On which side of the line from `a` to `b` the place lies: -1, 1, or 0 on the line. */
function sideOf(a: Place, b: Place, place: Place): number {
  return Math.sign((b.x - a.x) * (place.y - a.y) - (b.y - a.y) * (place.x - a.x));
}

/** Whether a place on the line through `a` and `b` lies between them. */
function isBetween(a: Place, b: Place, { x, y }: Place): boolean {
  return (
    Math.min(a.x, b.x) <= x && x <= Math.max(a.x, b.x) && Math.min(a.y, b.y) <= y && y <= Math.max(a.y, b.y)
  );
}
