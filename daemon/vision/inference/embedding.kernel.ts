import type { Embedding } from '../../kernel/identification/match.js';

/** Scales the three planes of the first `count` samples as in the training of the network: (sample - mean) / std. */
export function scaleSamples(
  data: Float32Array,
  count: number,
  { mean, std }: { readonly mean: ArrayLike<number>; readonly std: ArrayLike<number> },
): void {
  const area = count / 3;
  for (let i = 0; i < count; i++) {
    const plane = Math.floor(i / area);
    data[i] = (data[i]! - mean[plane]!) / std[plane]!;
  }
}

/** The samples of a planar crop, whose planes have `area` samples, pixel by pixel. */
export function pixelByPixel(planes: Float32Array, area: number): Float32Array {
  const samples = new Float32Array(3 * area);
  for (let pixel = 0, o = 0; pixel < area; pixel++) {
    for (let plane = 0; plane < 3; plane++) samples[o++] = planes[plane * area + pixel]!;
  }
  return samples;
}

/** Copies a planar crop (three planes of `sidePx` squared) from index `from` to index `to`, left and right swapped. */
export function mirrorCrop(data: Float32Array, from: number, to: number, sidePx: number): void {
  const rows = 3 * sidePx;
  for (let row = 0; row < rows; row++) {
    const line = from + row * sidePx;
    const end = to + row * sidePx + sidePx - 1;
    for (let column = 0; column < sidePx; column++) data[end - column] = data[line + column]!;
  }
}

/**
 * The mean of `count` consecutive network outputs, brought to unit length. The outputs for a face and for its mirror image have
 * different errors; their mean has a smaller one.
 */
export function unitMean(outputs: Float32Array, count: number): Embedding {
  const length = outputs.length / count;
  const mean = new Float32Array(length);
  for (let i = 0; i < outputs.length; i++) mean[i % length] = mean[i % length]! + outputs[i]!;
  let squares = 0;
  for (let i = 0; i < length; i++) squares += mean[i]! * mean[i]!;
  const scale = 1 / Math.sqrt(squares);
  for (let i = 0; i < length; i++) mean[i] = mean[i]! * scale;
  return mean;
}
