import { type Affine, applyAffine } from '../../daemon/kernel/faces/affine.js';
import type { Picture } from '../../daemon/kernel/faces/picture.js';
import { yuvToRgb } from '../../daemon/vision/inference/yuv-to-rgb.js';

type Plane = (column: number, row: number) => number;

/** Bilinear look-up by definition: sample centres at .5, border samples repeated outside. */
function bilinear(plane: Plane, width: number, height: number, x: number, y: number): number {
  const clamp = (value: number, length: number): number => Math.min(length - 1, Math.max(0, value));
  const left = Math.floor(x - 0.5);
  const top = Math.floor(y - 0.5);
  let sum = 0;
  for (const row of [top, top + 1]) {
    for (const column of [left, left + 1]) {
      const weight = (1 - Math.abs(x - 0.5 - column)) * (1 - Math.abs(y - 0.5 - row));
      sum += weight * plane(clamp(column, width), clamp(row, height));
    }
  }
  return sum;
}

/** Red, green and blue at a place of a picture, as slowly and plainly as can be: what kernels are compared with. */
export function slowColourAt(picture: Picture, x: number, y: number): readonly [number, number, number] {
  const { data, widthPx, heightPx } = picture;
  if (picture.format === 'rgb24') {
    const channel = (index: number): number =>
      bilinear((c, r) => data[3 * (r * widthPx + c) + index] ?? Number.NaN, widthPx, heightPx, x, y);
    return [channel(0), channel(1), channel(2)];
  }
  const cw = Math.ceil(widthPx / 2);
  const ch = Math.ceil(heightPx / 2);
  const luma = bilinear((c, r) => data[r * widthPx + c] ?? Number.NaN, widthPx, heightPx, x, y);
  const chroma = (start: number): number =>
    bilinear((c, r) => data[start + r * cw + c] ?? Number.NaN, cw, ch, x / 2, y / 2) - 128;
  const u = chroma(widthPx * heightPx);
  const v = chroma(widthPx * heightPx + cw * ch);
  const { black, gain, rV, gU, gV, bU } = yuvToRgb(picture);
  const bright = (luma - black) * gain;
  const limit = (value: number): number => Math.min(255, Math.max(0, value));
  return [limit(bright + rV * v), limit(bright - gU * u - gV * v), limit(bright + bU * u)];
}

/** A crop by definition, planar red, green, blue. */
export function slowCrop(
  picture: Picture,
  cropToPicture: Affine,
  widthPx: number,
  heightPx: number,
): Float32Array {
  const out = new Float32Array(3 * widthPx * heightPx);
  for (let row = 0; row < heightPx; row++) {
    for (let column = 0; column < widthPx; column++) {
      const { x, y } = applyAffine(cropToPicture, { x: column + 0.5, y: row + 0.5 });
      slowColourAt(picture, x, y).forEach((value, channel) => {
        out[channel * widthPx * heightPx + row * widthPx + column] = value;
      });
    }
  }
  return out;
}

export function largestDifference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, index) => Math.max(most, Math.abs(value - (b[index] ?? Number.NaN))), 0);
}
