import type { Detection } from '../../kernel/faces/face.js';
import { type Box, boxArea, boxCentre } from '../../kernel/faces/geometry.js';
import type { Picture } from '../../kernel/faces/picture.js';
import type { DetectOptions } from '../face-analyser.js';

/** Size of a detector's input and how much of it the picture fills, from the upper left corner. */
export interface DetectorSize {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly usedWidthPx: number;
  readonly usedHeightPx: number;
  /** The part of the picture that is shown, in its pixels; it may reach beyond the border. Absent: all of it. */
  readonly part?: Box;
  /** Set for a part at whose borders faces may be cut off. */
  readonly isCutOut?: true;
  /** Width of the box of a face here, as a share of its width where the whole picture is shown. Default: 1. */
  readonly boxShare?: number;
}

/**
 * Long sides that inputs may have. There are few, because a network plans its memory anew for every size. Among them are halves
 * and quarters of common pictures (1920 and 1280 pixels wide), because those are shrunk fastest.
 */
const LONG_SIDES = [384, 480, 512, 640, 768, 960, 1024] as const;

/** Both sides of an input are multiples of this, the coarsest grid of the detectors that take any size. */
const GRID_PX = 32;

/** The inputs of a run by a detector that takes any size: one for each part, or the whole picture. See `detectorSize`. */
export function detectorSizes(
  picture: { readonly widthPx: number; readonly heightPx: number },
  { smallestFacePx, isQuick = false, parts }: DetectOptions,
  { weakestPx, longestPx }: { readonly weakestPx: number; readonly longestPx: number },
): readonly DetectorSize[] {
  const whole = detectorSize(picture, isQuick ? 2 * smallestFacePx : smallestFacePx, weakestPx, longestPx);
  return parts?.map((part) => partSize(part, picture, whole)) ?? [whole];
}

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

/** Sides of inputs for parts are multiples of this, and at least three of them: few sizes, as with `LONG_SIDES`. */
const PART_GRID_PX = 64;
const LEAST_PART_INPUT_PX = 3 * PART_GRID_PX;
/** Up to this many pixels, an input shows a part larger than the whole picture would be shown. */
const CHEAP_INPUT_PX = 256 * 256;
/** By how much at most: much larger faces are found no better. */
const MOST_ENLARGED = 2;
/** The larger a face is shown, the closer the SSD draws its box: without this, the smallest faces would be left out as too narrow. */
const ENLARGED_BOX_SHARE = 0.9;

/**
 * An input that shows a part of the picture at least as large as `whole` does, and larger where that is cheap. It fills up with what
 * surrounds the part.
 */
export function partSize(
  part: Box,
  picture: { readonly widthPx: number; readonly heightPx: number },
  whole: DetectorSize,
): DetectorSize {
  const least = whole.usedWidthPx / picture.widthPx;
  const cheap = Math.sqrt(CHEAP_INPUT_PX / boxArea(part));
  const scale = Math.min(MOST_ENLARGED * least, Math.max(least, cheap));
  const sideOf = (lengthPx: number): number =>
    Math.max(LEAST_PART_INPUT_PX, Math.ceil((lengthPx * scale - 0.5) / PART_GRID_PX) * PART_GRID_PX);
  const [widthPx, heightPx] = [sideOf(part.width), sideOf(part.height)];
  const shown = { widthPx, heightPx, usedWidthPx: widthPx, usedHeightPx: heightPx };
  return {
    ...shown,
    part: grownTo(part, widthPx / scale, heightPx / scale, picture),
    isCutOut: true,
    ...(scale > least ? { boxShare: ENLARGED_BOX_SHARE } : {}),
  };
}

/** A square input of `sidePx` that shows a part of the picture and what surrounds it, `partPx` on a side. */
export function squareOf(
  part: Box,
  picture: { readonly widthPx: number; readonly heightPx: number },
  partPx: number,
  sidePx: number,
): DetectorSize {
  const shown = { widthPx: sidePx, heightPx: sidePx, usedWidthPx: sidePx, usedHeightPx: sidePx };
  return { ...shown, part: grownTo(part, partPx, partPx, picture), isCutOut: true };
}

/** The part grown to a size about its centre, moved into the picture where it fits there. */
function grownTo(
  part: Box,
  width: number,
  height: number,
  { widthPx, heightPx }: { readonly widthPx: number; readonly heightPx: number },
): Box {
  const { x, y } = boxCentre(part);
  const inside = (start: number, length: number, total: number): number =>
    Math.max(0, Math.min(start, total - length));
  return {
    x: inside(x - width / 2, width, widthPx),
    y: inside(y - height / 2, height, heightPx),
    width,
    height,
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

/** A box that ends so near to a border of its input shows a face that is cut off there, pixels of the input. */
const CUT_WITHIN_PX = 2;

/**
 * Converts detections from pixels of the input to pixels of the picture. Leaves out faces that are too narrow, and those that are cut
 * off where the picture goes on: their boxes would be wrong.
 */
export function toPicture(
  detections: readonly Detection[],
  picture: Pick<Picture, 'widthPx' | 'heightPx'>,
  size: DetectorSize,
  smallestFacePx: number,
): readonly Detection[] {
  const part = size.part ?? { x: 0, y: 0, width: picture.widthPx, height: picture.heightPx };
  const scaleX = part.width / size.usedWidthPx;
  const scaleY = part.height / size.usedHeightPx;
  // Rounding may leave out a part of a pixel of the input at the border of the picture.
  const isCutOff = ({ x, y, width, height }: Box): boolean =>
    (x < CUT_WITHIN_PX && part.x > scaleX) ||
    (y < CUT_WITHIN_PX && part.y > scaleY) ||
    (x + width > size.usedWidthPx - CUT_WITHIN_PX && part.x + part.width < picture.widthPx - scaleX) ||
    (y + height > size.usedHeightPx - CUT_WITHIN_PX && part.y + part.height < picture.heightPx - scaleY);
  return detections
    .filter(({ box }) => size.isCutOut === undefined || !isCutOff(box))
    .map(({ box, score }) => ({
      box: {
        x: part.x + box.x * scaleX,
        y: part.y + box.y * scaleY,
        width: box.width * scaleX,
        height: box.height * scaleY,
      },
      score,
    }))
    .filter(({ box }) => box.width >= smallestFacePx * (size.boxShare ?? 1));
}
