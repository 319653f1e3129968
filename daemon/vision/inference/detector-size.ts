import type { Detection } from '../../kernel/faces/face.js';
import { type Box, boxCentre } from '../../kernel/faces/geometry.js';
import type { Picture } from '../../kernel/faces/picture.js';

/** Size of a detector's input and how much of it the picture fills, from the upper left corner. */
export interface DetectorSize {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly usedWidthPx: number;
  readonly usedHeightPx: number;
  /** The part of the picture that is shown, in its pixels; it may reach beyond the border. Absent: all of it. */
  readonly part?: Box;
}

/**
 * Long sides that inputs may have. There are few, because a network plans its memory anew for every size. Among them are halves
 * and quarters of common pictures (1920 and 1280 pixels wide), because those are shrunk fastest.
 */
const LONG_SIDES = [384, 480, 512, 640, 768, 960, 1024] as const;

/** Both sides of an input are multiples of this, the coarsest grid of the detectors that take any size. */
const GRID_PX = 32;

/**
 * The smallest input in which a face `smallestFacePx` wide in the picture is still `weakestPx` wide. The detector often misses
 * narrower faces. The long side is at most `longestPx`, even if the detector then misses small faces.
 */
export function detectorSize(
  picture: { readonly widthPx: number; readonly heightPx: number },
  smallestFacePx: number,
  weakestPx: number,
  longestPx: number,
): DetectorSize {
  const longSide = Math.max(picture.widthPx, picture.heightPx);
  const wanted = (longSide * weakestPx) / smallestFacePx;
  const allowed = LONG_SIDES.filter((side) => side <= longestPx);
  const long = allowed.find((side) => side >= wanted - 0.5) ?? allowed.at(-1) ?? LONG_SIDES[0];
  const scale = long / longSide;
  const usedWidthPx = Math.max(1, Math.round(picture.widthPx * scale));
  const usedHeightPx = Math.max(1, Math.round(picture.heightPx * scale));
  return {
    widthPx: Math.ceil(usedWidthPx / GRID_PX) * GRID_PX,
    heightPx: Math.ceil(usedHeightPx / GRID_PX) * GRID_PX,
    usedWidthPx,
    usedHeightPx,
  };
}

/** A square input of fixed size that shows the whole picture as large as possible. */
export function fixedDetectorSize(
  picture: { readonly widthPx: number; readonly heightPx: number },
  sidePx: number,
): DetectorSize {
  const scale = sidePx / Math.max(picture.widthPx, picture.heightPx);
  return {
    widthPx: sidePx,
    heightPx: sidePx,
    usedWidthPx: Math.max(1, Math.round(picture.widthPx * scale)),
    usedHeightPx: Math.max(1, Math.round(picture.heightPx * scale)),
  };
}

/** Maximum number of squares that one picture is cut into; it limits the cost of a detector run. */
const MOST_VIEWS = 8;

/**
 * Square inputs of `sidePx` that together show the whole picture. Each shows a square part of the picture, `partPx` on a side; the
 * parts are larger if more than eight would be needed. If one square holds the picture, the picture is shown whole. Neighbours
 * overlap by an eighth of their side or more, so that a face at their border is whole in one of them.
 */
export function squareViews(
  picture: { readonly widthPx: number; readonly heightPx: number },
  partPx: number,
  sidePx: number,
): readonly DetectorSize[] {
  const { widthPx, heightPx } = picture;
  if (partPx >= Math.max(widthPx, heightPx)) return [fixedDetectorSize(picture, sidePx)];
  const lefts = startsOf(widthPx, partPx);
  const tops = startsOf(heightPx, partPx);
  if (lefts.length * tops.length > MOST_VIEWS) return squareViews(picture, partPx * 1.1, sidePx);
  const shown = { widthPx: sidePx, heightPx: sidePx, usedWidthPx: sidePx, usedHeightPx: sidePx };
  return tops.flatMap((y) => lefts.map((x) => ({ ...shown, part: { x, y, width: partPx, height: partPx } })));
}

/** The beginnings of stretches of `partPx` that overlap and together cover 0..`lengthPx`. */
function startsOf(lengthPx: number, partPx: number): readonly number[] {
  if (partPx >= lengthPx) return [0];
  const overlapPx = partPx / 8;
  const count = Math.ceil((lengthPx - overlapPx) / (partPx - overlapPx));
  return Array.from({ length: count }, (_, index) => (index * (lengthPx - partPx)) / (count - 1));
}

/** Side of the square that shows one face alone, as a multiple of the longer side of the face. */
const AROUND_FACE = 3;

/** A square input of `sidePx` that shows one face and its surroundings. The face is a third as wide as the input. */
export function sizeAround(face: Box, sidePx: number): DetectorSize {
  const side = AROUND_FACE * Math.max(face.width, face.height, 1);
  const { x, y } = boxCentre(face);
  return {
    widthPx: sidePx,
    heightPx: sidePx,
    usedWidthPx: sidePx,
    usedHeightPx: sidePx,
    part: { x: x - side / 2, y: y - side / 2, width: side, height: side },
  };
}

/** Converts detections from pixels of the input to pixels of the picture. Leaves out faces that are too narrow. */
export function toPicture(
  detections: readonly Detection[],
  picture: Pick<Picture, 'widthPx' | 'heightPx'>,
  size: DetectorSize,
  smallestFacePx: number,
): readonly Detection[] {
  const part = size.part ?? { x: 0, y: 0, width: picture.widthPx, height: picture.heightPx };
  const scaleX = part.width / size.usedWidthPx;
  const scaleY = part.height / size.usedHeightPx;
  return detections
    .map(({ box, score }) => ({
      box: {
        x: part.x + box.x * scaleX,
        y: part.y + box.y * scaleY,
        width: box.width * scaleX,
        height: box.height * scaleY,
      },
      score,
    }))
    .filter(({ box }) => box.width >= smallestFacePx);
}
