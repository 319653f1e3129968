import { type Box, boxArea, clipBox, sharedArea, squareAround } from '../faces/geometry.js';

interface PictureSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** Areas here are counted in squares of the smallest tracked face, because that decides how large a detector must be shown a picture. */
const limits = {
  /** A look at a whole picture of up to this area costs little more than one at a part. */
  smallPicture: 200,
  /** Area of one part of a sweep. A look at it takes less than the time between two frames. */
  sweptPart: 450,
  /** Parts cost as much as a square of this many smallest faces on a side, or more. */
  leastSide: 5,
  /** Above this share of the picture, parts are not worth it. */
  mostShare: 0.5,
  /** Places that are joined: more of them are everywhere. */
  mostPlaces: 24,
} as const;

/** Parts of a sweep overlap by this many smallest faces: faces that are larger are found by quick looks at the whole picture. */
const sweepOverlap = 3;
/** The side of the square in which a followed face is searched, in faces, and of one that may hide somebody beside it. */
const aroundFace = { alone: 3, withNeighbours: 5 } as const;

/** The surroundings of a face in which a look searches it. */
export function surroundingsOf(face: Box, whom: keyof typeof aroundFace = 'alone'): Box {
  return squareAround(face, aroundFace[whom]);
}

/**
 * The parts of the picture in which a look finds whoever is at these places, none where there are none; undefined if a look at the
 * whole picture costs little more. Places that are cheaper together share a part.
 */
export function lookParts(
  places: readonly Box[],
  { widthPx, heightPx }: PictureSize,
  smallestFacePx: number,
): readonly Box[] | undefined {
  if (places.length === 0) return [];
  const wholePx = widthPx * heightPx;
  if (wholePx <= limits.smallPicture * smallestFacePx ** 2 || places.length > limits.mostPlaces)
    return undefined;
  const leastPx = limits.leastSide * smallestFacePx;
  const cost = ({ width, height }: Box): number => Math.max(width, leastPx) * Math.max(height, leastPx);
  let parts = places.map((place) => clipBox(place, widthPx, heightPx)).filter((part) => boxArea(part) > 0);
  for (;;) {
    const pair = cheaperTogether(parts, cost);
    if (pair === undefined) break;
    const [one, other] = pair;
    parts = [...parts.filter((part) => part !== one && part !== other), hullOf(one, other)];
  }
  const costPx = parts.reduce((sum, part) => sum + cost(part), 0);
  return costPx > limits.mostShare * wholePx ? undefined : parts;
}

/** Two parts whose hull costs no more than both. */
function cheaperTogether(
  parts: readonly Box[],
  cost: (part: Box) => number,
): readonly [Box, Box] | undefined {
  for (const [index, one] of parts.entries()) {
    const other = parts.slice(index + 1).find((each) => cost(hullOf(one, each)) <= cost(one) + cost(each));
    if (other !== undefined) return [one, other];
  }
  return undefined;
}

function hullOf(a: Box, b: Box): Box {
  const x = Math.min(a.x, b.x);
  const y = Math.min(a.y, b.y);
  const right = Math.max(a.x + a.width, b.x + b.width);
  const bottom = Math.max(a.y + a.height, b.y + b.height);
  return { x, y, width: right - x, height: bottom - y };
}

/** The parts whose looks together cover the whole picture, one after the other: none takes as long as a look at the whole picture. */
export function sweepParts({ widthPx, heightPx }: PictureSize, smallestFacePx: number): readonly Box[] {
  const overlapPx = sweepOverlap * smallestFacePx;
  const mostPx = limits.sweptPart * smallestFacePx ** 2;
  let [columns, rows] = [1, 1];
  const partOf = (totalPx: number, count: number): number => (totalPx + (count - 1) * overlapPx) / count;
  while (partOf(widthPx, columns) * partOf(heightPx, rows) > mostPx && columns * rows < 64) {
    if (partOf(widthPx, columns) >= partOf(heightPx, rows)) columns += 1;
    else rows += 1;
  }
  const [width, height] = [partOf(widthPx, columns), partOf(heightPx, rows)];
  return Array.from({ length: columns * rows }, (_, index) => ({
    x: (index % columns) * (width - overlapPx),
    y: Math.floor(index / columns) * (height - overlapPx),
    width,
    height,
  }));
}

/** A detector needs to see this much of what is around a face, in faces. */
const leastAround = 1.5;

/** Whether a look at these parts, or at the whole picture if there are none, shows all that is to be seen of a face. */
export function isShown(
  face: Box,
  parts: readonly Box[] | undefined,
  { widthPx, heightPx }: PictureSize,
): boolean {
  const { x, y, width, height } = clipBox(squareAround(face, leastAround), widthPx, heightPx);
  if (parts === undefined || width <= 0 || height <= 0) return true;
  return parts.some(
    (part) =>
      x >= part.x && y >= part.y && x + width <= part.x + part.width && y + height <= part.y + part.height,
  );
}

/** From this share on, a box lies on another face. */
const mostShared = 0.3;

/** Whether what was found may be a piece of one of these faces, which a border of a part cut off. */
export function isPieceOf(found: Box, cutFaces: readonly Box[]): boolean {
  return cutFaces.some((face) => sharedArea(found, face) > mostShared * boxArea(found));
}
