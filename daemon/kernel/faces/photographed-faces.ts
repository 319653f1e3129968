import { type Box, boxArea, boxCentre, clipBox } from './geometry.js';

/** Size of a photograph. */
interface PhotographSize {
  readonly widthPx: number;
  readonly heightPx: number;
}

/** In which third of the photograph's width a face has its centre, as the viewer sees it. */
export const facePlaces = ['left', 'middle', 'right'] as const;

/** One face of a photograph, described for people. */
export interface NumberedFace {
  /** From 1, counted from left to right. */
  readonly number: number;
  readonly place: (typeof facePlaces)[number];
  /** The visible part, in whole pixels of the upright photograph. */
  readonly box: Box;
}

/** Faces narrower than this share of the widest are in the background and are ignored. */
const BACKGROUND_WIDTH_SHARE = 1 / 3;

/**
 * Another face in the foreground may have at most this share of the area of the dominant face. Two people side by side differ
 * less: on 16 group photographs the two largest faces differ by a factor of at most 1.5.
 */
const RIVAL_AREA_SHARE = 0.5;

/** A face with a larger share outside the photograph is cut off, as in `judgeView`. */
const CUT_OFF_OVER = 0.08;

/** The dominant face has its centre within this share of the width, and of the height, on either side of the middle. */
const MIDDLE_SHARE_OF_WIDTH = 1 / 4;
const MIDDLE_SHARE_OF_HEIGHT = 1 / 3;

/** The boxes in the order in which faces are numbered. */
export function fromLeftToRight<T extends { readonly box: Box }>(faces: readonly T[]): readonly T[] {
  const x = ({ box }: T): number => boxCentre(box).x;
  return [...faces].sort((a, b) => x(a) - x(b) || a.box.y - b.box.y);
}

/** The faces that are not in the background. */
export function inForeground<T extends { readonly box: Box }>(faces: readonly T[]): readonly T[] {
  const widest = Math.max(...faces.map(({ box }) => box.width));
  return faces.filter(({ box }) => box.width >= widest * BACKGROUND_WIDTH_SHARE);
}

/**
 * The main face of a photograph: the only one in the foreground, or the clearly dominant one. The dominant face is complete and
 * near the middle, and every other face has at most half its area, or is cut off and not larger. Undefined if there is none.
 */
export function dominantFace<T extends { readonly box: Box }>(
  faces: readonly T[],
  photograph: PhotographSize,
): T | undefined {
  const near = inForeground(faces);
  return near.length === 1 ? near[0] : near.find((face) => isDominant(face.box, near, photograph));
}

function isDominant(box: Box, faces: readonly { readonly box: Box }[], photograph: PhotographSize): boolean {
  if (isCutOff(box, photograph) || !isNearMiddle(box, photograph)) return false;
  const shown = shownArea(box, photograph);
  return faces.every(({ box: other }) => {
    const share = isCutOff(other, photograph) ? 1 : RIVAL_AREA_SHARE;
    return other === box || shownArea(other, photograph) <= share * shown;
  });
}

function isNearMiddle(box: Box, { widthPx, heightPx }: PhotographSize): boolean {
  const { x, y } = boxCentre(box);
  return (
    Math.abs(x - widthPx / 2) <= widthPx * MIDDLE_SHARE_OF_WIDTH &&
    Math.abs(y - heightPx / 2) <= heightPx * MIDDLE_SHARE_OF_HEIGHT
  );
}

function shownArea(box: Box, { widthPx, heightPx }: PhotographSize): number {
  return boxArea(clipBox(box, widthPx, heightPx));
}

function isCutOff(box: Box, photograph: PhotographSize): boolean {
  return shownArea(box, photograph) < (1 - CUT_OFF_OVER) * boxArea(box);
}

/** Describes faces that are sorted from left to right; `scale`: pixels of the original photograph per pixel of `photograph`. */
export function numberFaces(
  faces: readonly { readonly box: Box }[],
  photograph: PhotographSize,
  scale: number,
): readonly NumberedFace[] {
  return faces.map(({ box }, index) => {
    const third = Math.floor((3 * boxCentre(box).x) / photograph.widthPx);
    const shown = clipBox(box, photograph.widthPx, photograph.heightPx);
    return {
      number: index + 1,
      place: facePlaces[Math.min(2, Math.max(0, third))] ?? 'middle',
      box: {
        x: Math.round(shown.x * scale),
        y: Math.round(shown.y * scale),
        width: Math.round(shown.width * scale),
        height: Math.round(shown.height * scale),
      },
    };
  });
}

/** For example `2 (middle, 120 x 140 pixels at 310, 95)`. */
export function describeFace({ number, place, box }: NumberedFace): string {
  return `${number} (${place}, ${box.width} x ${box.height} pixels at ${box.x}, ${box.y})`;
}
