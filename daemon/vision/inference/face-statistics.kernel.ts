import type { Affine } from '../../kernel/faces/affine.js';
import type { FaceStatistics } from '../../kernel/faces/face-statistics.js';
import type { Picture, Yuv420Picture } from '../../kernel/faces/picture.js';

/** Side of the crop that is measured, samples. It is small, so that a face 40 pixels wide fills it. */
export const STATISTICS_PX = 32;

/** Parts of the crop that always have contrast unless they are covered: first and last column, first and last row. */
const RIGHT_EYE = [3, 12, 3, 11] as const;
const LEFT_EYE = [19, 28, 3, 11] as const;
const MOUTH = [9, 22, 23, 31] as const;
/** The places of the lenses of glasses, and the cheeks below them. */
const RIGHT_LENS = [5, 10, 4, 9] as const;
const LEFT_LENS = [21, 26, 4, 9] as const;
const RIGHT_CHEEK = [3, 12, 13, 19] as const;
const LEFT_CHEEK = [19, 28, 13, 19] as const;

/**
 * Weight of the deviation relative to the part's own mean, against the deviation relative to the contrast of the crop. See
 * `weakestPart`.
 */
const OWN_LIGHT_WEIGHT = 2;

/** First and last column, first and last row. */
type Part = readonly [number, number, number, number];

/** 8-bit luma above this is burnt out. */
const BRIGHT = 250;

/** At most this many source samples along each side are averaged into one. */
const MOST_TAPS = 8;

const luma = new Float32Array(STATISTICS_PX * STATISTICS_PX);

/**
 * Measures light and sharpness of a face. `map` leads from the crop, a square of `STATISTICS_PX`, to the picture. The crop is the
 * aligned face of dlib without padding.
 */
export function faceStatistics(picture: Picture, map: Affine): FaceStatistics {
  fillLuma(picture, map);
  let sum = 0;
  let squares = 0;
  let bright = 0;
  for (let i = 0; i < luma.length; i++) {
    const value = luma[i]!;
    sum += value;
    squares += value * value;
    if (value > BRIGHT) bright++;
  }
  const mean = sum / luma.length;
  const contrast = Math.sqrt(Math.max(squares / luma.length - mean * mean, 1e-6));
  const rightLens = detail(RIGHT_LENS);
  const leftLens = detail(LEFT_LENS);
  return {
    meanLuma: mean,
    contrast,
    brightShare: bright / luma.length,
    sharpness: laplacianEnergy() / (contrast * contrast),
    weakestPart: Math.min(
      ...[RIGHT_EYE, LEFT_EYE, MOUTH]
        .filter((part) => isPartInside(picture, map, part))
        .map((part) => structure(part, contrast)),
      1,
    ),
    eyesOverCheeks: Math.max(
      rightLens.mean / Math.max(detail(RIGHT_CHEEK).mean, 1),
      leftLens.mean / Math.max(detail(LEFT_CHEEK).mean, 1),
    ),
    lensStructure: Math.max(rightLens.deviation, leftLens.deviation) / contrast,
  };
}

/** Mean square of the discrete Laplacian (four neighbours) over the inner samples. */
function laplacianEnergy(): number {
  const side = STATISTICS_PX;
  let energy = 0;
  for (let row = 1; row < side - 1; row++) {
    for (let i = row * side + 1; i < (row + 1) * side - 1; i++) {
      const laplacian = luma[i - 1]! + luma[i + 1]! + luma[i - side]! + luma[i + side]! - 4 * luma[i]!;
      energy += laplacian * laplacian;
    }
  }
  return energy / ((side - 2) * (side - 2));
}

function structure(part: Part, contrast: number): number {
  const { mean, deviation } = detail(part);
  return Math.max(deviation / contrast, (OWN_LIGHT_WEIGHT * deviation) / Math.max(mean, 1));
}

/**
 * Mean of a part, and its standard deviation from the even gradient that fits best, because a gradient of light is no
 * structure.
 */
function detail([left, right, top, bottom]: Part): { readonly mean: number; readonly deviation: number } {
  const middleX = (left + right) / 2;
  const middleY = (top + bottom) / 2;
  let count = 0;
  let sum = 0;
  let squares = 0;
  let alongX = 0;
  let alongY = 0;
  let spreadX = 0;
  let spreadY = 0;
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const value = luma[row * STATISTICS_PX + column]!;
      const x = column - middleX;
      const y = row - middleY;
      count++;
      sum += value;
      squares += value * value;
      alongX += x * value;
      alongY += y * value;
      spreadX += x * x;
      spreadY += y * y;
    }
  }
  const mean = sum / count;
  const slope = (alongX * alongX) / spreadX + (alongY * alongY) / spreadY;
  return { mean, deviation: Math.sqrt(Math.max((squares - slope) / count - mean * mean, 0)) };
}

/**
 * Fills `luma` with means over squares of source samples, each about as large as one sample of the crop. Takes nearest
 * neighbours.
 */
function fillLuma(p: Picture, m: Affine): void {
  const taps = Math.max(1, Math.min(MOST_TAPS, Math.round(Math.hypot(m.xx, m.yx))));
  if (p.format === 'yuv420p' && isInside(p, m)) sumLumaInside(p, m, taps);
  else sumLuma(p, m, taps);
  const isLimited = p.format === 'yuv420p' && p.range === 'limited';
  const gain = (isLimited ? 255 / 219 : 1) / (taps * taps);
  const black = isLimited ? (16 * 255) / 219 : 0;
  for (let i = 0; i < luma.length; i++) luma[i] = luma[i]! * gain - black;
}

/** Whether all of the crop lies within the picture. */
function isInside(p: Picture, m: Affine): boolean {
  return areInside(p, m, [0, STATISTICS_PX], [0, STATISTICS_PX]);
}

/** Whether the outermost samples of a part lie within the picture. */
function isPartInside(p: Picture, m: Affine, [left, right, top, bottom]: Part): boolean {
  return areInside(p, m, [left + 0.5, right + 0.5], [top + 0.5, bottom + 0.5]);
}

/** Whether the corners of a rectangle of the crop, and so all of it, lie within the picture. */
function areInside(p: Picture, m: Affine, columns: readonly number[], rows: readonly number[]): boolean {
  for (const u of columns) {
    for (const v of rows) {
      const x = m.xx * u + m.xy * v + m.x0;
      const y = m.yx * u + m.yy * v + m.y0;
      if (x < 0 || y < 0 || x >= p.widthPx || y >= p.heightPx) return false;
    }
  }
  return true;
}

/** The fast form, for crops inside the picture: no clamping, and one addition from tap to tap. */
function sumLumaInside(p: Yuv420Picture, m: Affine, taps: number): void {
  const { data, widthPx } = p;
  const stepX = m.xx / taps;
  const stepY = m.yx / taps;
  let o = 0;
  for (let row = 0; row < STATISTICS_PX; row++) {
    for (let column = 0; column < STATISTICS_PX; column++, o++) {
      const u = column + 0.5 / taps;
      let sum = 0;
      for (let j = 0.5; j < taps; j++) {
        const v = row + j / taps;
        let x = m.xx * u + m.xy * v + m.x0;
        let y = m.yx * u + m.yy * v + m.y0;
        for (let i = 0; i < taps; i++, x += stepX, y += stepY) sum += data[(y | 0) * widthPx + (x | 0)]!;
      }
      luma[o] = sum;
    }
  }
}

function sumLuma(p: Picture, m: Affine, taps: number): void {
  const lumaAt = p.format === 'yuv420p' ? lumaOfYuv : lumaOfRgb;
  let o = 0;
  for (let row = 0; row < STATISTICS_PX; row++) {
    for (let column = 0; column < STATISTICS_PX; column++, o++) {
      let sum = 0;
      for (let j = 0.5; j < taps; j++) {
        for (let i = 0.5; i < taps; i++) {
          const u = column + i / taps;
          const v = row + j / taps;
          const x = Math.min(p.widthPx - 1, Math.max(0, (m.xx * u + m.xy * v + m.x0) | 0));
          const y = Math.min(p.heightPx - 1, Math.max(0, (m.yx * u + m.yy * v + m.y0) | 0));
          sum += lumaAt(p.data, y * p.widthPx + x);
        }
      }
      luma[o] = sum;
    }
  }
}

function lumaOfYuv(data: Uint8Array, pixel: number): number {
  return data[pixel]!;
}

/** ITU-R BT.601 luma. */
function lumaOfRgb(data: Uint8Array, pixel: number): number {
  return 0.299 * data[3 * pixel]! + 0.587 * data[3 * pixel + 1]! + 0.114 * data[3 * pixel + 2]!;
}
