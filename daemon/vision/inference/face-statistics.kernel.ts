import type { Affine } from '../../domain/faces/affine.js';
import type { FaceStatistics } from '../../domain/faces/face-statistics.js';
import type { Picture, Yuv420Picture } from '../../domain/faces/picture.js';

/** Side of the crop that is measured, samples: few enough that a face 40 pixels wide fills it. */
export const STATISTICS_PX = 32;

/** Parts of the crop that always hold contrast unless covered, as first and last columns and rows. */
const RIGHT_EYE = [3, 12, 3, 11] as const;
const LEFT_EYE = [19, 28, 3, 11] as const;
const MOUTH = [9, 22, 23, 31] as const;

/** 8-bit luma above this is burnt out. */
const BRIGHT = 250;

/** Most source samples averaged into one, along each side. */
const MOST_TAPS = 8;

const luma = new Float32Array(STATISTICS_PX * STATISTICS_PX);

/**
 * Measures light and sharpness of the part of a face that `map` takes from a crop of `STATISTICS_PX` squared to
 * the picture; the crop is dlib's aligned face without padding.
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
  return {
    meanLuma: mean,
    contrast,
    brightShare: bright / luma.length,
    sharpness: laplacianEnergy() / (contrast * contrast),
    weakestPart: Math.min(deviation(RIGHT_EYE), deviation(LEFT_EYE), deviation(MOUTH)) / contrast,
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

function deviation(part: readonly [number, number, number, number]): number {
  const [left, right, top, bottom] = part;
  let sum = 0;
  let squares = 0;
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const value = luma[row * STATISTICS_PX + column]!;
      sum += value;
      squares += value * value;
    }
  }
  const count = (right - left + 1) * (bottom - top + 1);
  return Math.sqrt(Math.max(squares / count - (sum / count) ** 2, 0));
}

/** Means over squares of source samples about as large as one sample of the crop, nearest neighbours. */
function fillLuma(p: Picture, m: Affine): void {
  const taps = Math.max(1, Math.min(MOST_TAPS, Math.round(Math.hypot(m.xx, m.yx))));
  if (p.format === 'yuv420p' && isInside(p, m)) sumLumaInside(p, m, taps);
  else sumLuma(p, m, taps);
  const isLimited = p.format === 'yuv420p' && p.range === 'limited';
  const gain = (isLimited ? 255 / 219 : 1) / (taps * taps);
  const black = isLimited ? (16 * 255) / 219 : 0;
  for (let i = 0; i < luma.length; i++) luma[i] = luma[i]! * gain - black;
}

/** Whether all four corners of the crop, and so all of it, lie within the picture. */
function isInside(p: Picture, m: Affine): boolean {
  for (const u of [0, STATISTICS_PX]) {
    for (const v of [0, STATISTICS_PX]) {
      const x = m.xx * u + m.xy * v + m.x0;
      const y = m.yx * u + m.yy * v + m.y0;
      if (x < 0 || y < 0 || x >= p.widthPx || y >= p.heightPx) return false;
    }
  }
  return true;
}

/** The fast way: nothing to clamp, one addition from tap to tap. */
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
