import type { Yuv420Picture } from '../../kernel/faces/picture.js';

/** Samples of a picture: a grid of luma, followed by a grid of each colour plane. */
const lumaColumns = 64;
const lumaRows = 36;
const chromaColumns = 32;
const chromaRows = 18;
const lumaSamples = lumaColumns * lumaRows;
const chromaSamples = chromaColumns * chromaRows;
export const sampleCount = lumaSamples + 2 * chromaSamples;

/** Share of samples ignored at either end: text that the camera draws into the picture is no structure. */
const ignoredShare = 0.02;

/** Writes `sampleCount` samples of a picture into `into`, from index 0. */
export function samplePicture(picture: Yuv420Picture, into: Uint8Array): void {
  const { data, widthPx, heightPx } = picture;
  const chromaWidth = (widthPx + 1) >> 1;
  const chromaHeight = (heightPx + 1) >> 1;
  const u = widthPx * heightPx;
  const v = u + chromaWidth * chromaHeight;
  sampleGrid(data, 0, widthPx, heightPx, lumaColumns, lumaRows, into, 0);
  sampleGrid(data, u, chromaWidth, chromaHeight, chromaColumns, chromaRows, into, lumaSamples);
  sampleGrid(
    data,
    v,
    chromaWidth,
    chromaHeight,
    chromaColumns,
    chromaRows,
    into,
    lumaSamples + chromaSamples,
  );
}

function sampleGrid(
  data: Uint8Array,
  start: number,
  widthPx: number,
  heightPx: number,
  columns: number,
  rows: number,
  into: Uint8Array,
  at: number,
): void {
  for (let row = 0; row < rows; row++) {
    const line = start + Math.floor(((row + 0.5) * heightPx) / rows) * widthPx;
    for (let column = 0; column < columns; column++) {
      into[at++] = data[line + Math.floor(((column + 0.5) * widthPx) / columns)]!;
    }
  }
}

/** The range of almost all samples of a picture, without the ignored ends; 0 to 255. */
interface SampleSpread {
  /** The largest range of the three planes. */
  readonly spread: number;
  readonly brightest: number;
}

export function spreadOf(samples: Uint8Array): SampleSpread {
  const luma = range(samples, 0, lumaSamples);
  const u = range(samples, lumaSamples, chromaSamples);
  const v = range(samples, lumaSamples + chromaSamples, chromaSamples);
  return {
    spread: Math.max(luma.high - luma.low, u.high - u.low, v.high - v.low),
    brightest: luma.high,
  };
}

const histogram = new Uint32Array(256);

function range(samples: Uint8Array, start: number, count: number): { low: number; high: number } {
  histogram.fill(0);
  for (let at = start; at < start + count; at++) histogram[samples[at]!]!++;
  const ignored = count * ignoredShare;
  let low = 0;
  for (let seen = histogram[0]!; seen <= ignored; seen += histogram[low]!) low++;
  let high = 255;
  for (let seen = histogram[255]!; seen <= ignored; seen += histogram[high]!) high--;
  return { low, high };
}
