import type { Rgb24Picture, Yuv420Picture } from '../../domain/faces/picture.js';
import { yuvToRgb } from '../inference/colour.js';

/** Fixed point: 16 bits behind the point. */
const ONE = 65_536;

/**
 * The picture as RGB, `factor` times smaller. Every pixel is the mean of 2 x 2 luma samples in the middle of its block, or one sample
 * where `factor` is 1, and takes the colour sample there: quick, and good enough to look at.
 */
export function smallRgb(picture: Yuv420Picture, factor: number): Rgb24Picture {
  const { widthPx: sourceWidth, heightPx: sourceHeight, data } = picture;
  const widthPx = Math.floor(sourceWidth / factor);
  const heightPx = Math.floor(sourceHeight / factor);
  const chromaWidth = Math.ceil(sourceWidth / 2);
  const u0 = sourceWidth * sourceHeight;
  const v0 = u0 + chromaWidth * Math.ceil(sourceHeight / 2);
  const { black, gain, rV, gU, gV, bU } = yuvToRgb(picture);
  const [lumaGain, red, greenU, greenV, blue] = [gain, rV, gU, gV, bU].map((each) =>
    Math.round(each * ONE),
  ) as [number, number, number, number, number];
  const rgb = new Uint8ClampedArray(3 * widthPx * heightPx);
  const middle = factor === 1 ? 0 : (factor >> 1) - 1;
  const next = factor === 1 ? 0 : 1;
  let out = 0;
  for (let y = 0; y < heightPx; y++) {
    const row = y * factor + middle;
    const upper = row * sourceWidth + middle;
    const lower = upper + next * sourceWidth;
    const chromaRow = (row >> 1) * chromaWidth;
    for (let x = 0; x < widthPx; x++) {
      const at = x * factor;
      const sum = data[upper + at]! + data[upper + at + next]! + data[lower + at]! + data[lower + at + next]!;
      const luma = (sum - 4 * black) * (lumaGain >> 2);
      const chroma = chromaRow + ((at + middle) >> 1);
      const u = data[u0 + chroma]! - 128;
      const v = data[v0 + chroma]! - 128;
      rgb[out] = (luma + red * v) >> 16;
      rgb[out + 1] = (luma - greenU * u - greenV * v) >> 16;
      rgb[out + 2] = (luma + blue * u) >> 16;
      out += 3;
    }
  }
  return { format: 'rgb24', widthPx, heightPx, data: new Uint8Array(rgb.buffer) };
}
