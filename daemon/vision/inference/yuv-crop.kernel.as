// AssemblyScript (TypeScript with WebAssembly's types), compiled by scripts/compile-kernel.mjs into yuv-crop-code.ts.

/**
 * Samples a planar 4:2:0 picture along the rows of a crop, four pixels at a time, and writes planes of float32 RGB, 0..255. Whole numbers
 * stand for fractions: positions count 1/65536 pixel, weights 1/256, colour coefficients 1/1024. A sum of luma and colour is an 8-bit value
 * times 2^18, and 384 levels more, so that none is negative.
 *
 * The last pixels of a row may be written up to three places behind its end, so each plane needs 12 bytes of room behind it.
 *
 * @param rows address of four int32 for each row: the first column, the one after the last, and where the first sample lies, x and y.
 *   All neighbours of the samples must lie in the picture
 * @param red address of the first row of the red plane; `green` and `blue` are those of the others
 * @param luma address of the luma at 0, 0; `u` and `v` are those of the colours there
 * @param stepX from one column to the next; `stepY` is the same downwards
 * @param lift the 384 levels, less the level of black
 */
export function sampleYuv(
  rows: usize,
  red: usize,
  green: usize,
  blue: usize,
  luma: usize,
  u: usize,
  v: usize,
  lumaStride: i32,
  chromaStride: i32,
  width: usize,
  height: usize,
  stepX: i32,
  stepY: i32,
  gain: i32,
  lift: i32,
  rV: i32,
  gU: i32,
  gV: i32,
  bU: i32,
): void {
  const stepsX = i32x4.splat(stepX);
  const stepsY = i32x4.splat(stepY);
  const gains = i32x4.splat(gain);
  const lifts = i32x4.splat(lift);
  const redV = i32x4.splat(rV);
  const greenU = i32x4.splat(gU);
  const greenV = i32x4.splat(gV);
  const blueU = i32x4.splat(bU);
  const lumaStrides = i32x4.splat(lumaStride);
  const chromaStrides = i32x4.splat(chromaStride);
  // A quarter of a pixel of colour.
  const quarter = i32x4.splat(16384);
  const grey = i32x4.splat(32768);
  for (let row: usize = 0; row < height; row++) {
    const at = rows + 16 * row;
    const end = load<i32>(at, 4);
    let x = load<i32>(at, 8);
    let y = load<i32>(at, 12);
    const line = 4 * row * width;
    for (let column = load<i32>(at); column < end; column += 4) {
      // The last samples are repeated, so that no position lies behind the end.
      const steps = i32x4.min_s(i32x4(0, 1, 2, 3), i32x4.splat(end - 1 - column));
      const xs = i32x4.add(i32x4.splat(x), i32x4.mul(steps, stepsX));
      const ys = i32x4.add(i32x4.splat(y), i32x4.mul(steps, stepsY));
      const chromaX = i32x4.sub(i32x4.shr_s(xs, 1), quarter);
      const chromaY = i32x4.sub(i32x4.shr_s(ys, 1), quarter);
      const places = placesOf(chromaStrides, chromaX, chromaY);
      const us = i32x4.sub(between(u, chromaStride, places, chromaX, chromaY), grey);
      const vs = i32x4.sub(between(v, chromaStride, places, chromaX, chromaY), grey);
      const light = between(luma, lumaStride, placesOf(lumaStrides, xs, ys), xs, ys);
      const sum = i32x4.add(i32x4.mul(light, gains), lifts);
      const greenPart = i32x4.add(i32x4.mul(us, greenU), i32x4.mul(vs, greenV));
      const target = line + 4 * <usize>column;
      v128.store(red + target, levels(i32x4.add(sum, i32x4.mul(vs, redV))));
      v128.store(green + target, levels(i32x4.sub(sum, greenPart)));
      v128.store(blue + target, levels(i32x4.add(sum, i32x4.mul(us, blueU))));
      x += 4 * stepX;
      y += 4 * stepY;
    }
  }
}

/** How far behind the first sample of a plane those at the upper left of four positions lie. */
// @ts-ignore: decorator
@inline
function placesOf(strides: v128, xs: v128, ys: v128): v128 {
  return i32x4.add(i32x4.mul(i32x4.shr_s(ys, 16), strides), i32x4.shr_s(xs, 16));
}

/** 256 times the bilinear means of the samples at four places and their neighbours; x and y give the weights. */
// @ts-ignore: decorator
@inline
function between(plane: usize, stride: i32, places: v128, xs: v128, ys: v128): v128 {
  const a = plane + <usize>i32x4.extract_lane(places, 0);
  const b = plane + <usize>i32x4.extract_lane(places, 1);
  const c = plane + <usize>i32x4.extract_lane(places, 2);
  const d = plane + <usize>i32x4.extract_lane(places, 3);
  const down = <usize>stride;
  // Pairs of neighbours, the four upper ones before the four lower ones.
  let pairs = i16x8.splat(0);
  pairs = v128.load_lane<u16>(a, pairs, 0);
  pairs = v128.load_lane<u16>(b, pairs, 1);
  pairs = v128.load_lane<u16>(c, pairs, 2);
  pairs = v128.load_lane<u16>(d, pairs, 3);
  pairs = v128.load_lane<u16>(a + down, pairs, 4);
  pairs = v128.load_lane<u16>(b + down, pairs, 5);
  pairs = v128.load_lane<u16>(c + down, pairs, 6);
  pairs = v128.load_lane<u16>(d + down, pairs, 7);
  const parts = i32x4.splat(255);
  const right = v128.and(i32x4.shr_s(xs, 8), parts);
  const low = v128.and(i32x4.shr_s(ys, 8), parts);
  // The weight of the left neighbour in the lower half of each, that of the right one in the upper half.
  const weights = v128.or(i32x4.shl(right, 16), i32x4.sub(i32x4.splat(256), right));
  const upper = i32x4.dot_i16x8_s(i16x8.extend_low_i8x16_u(pairs), weights);
  const lower = i32x4.dot_i16x8_s(i16x8.extend_high_i8x16_u(pairs), weights);
  return i32x4.add(upper, i32x4.shr_s(i32x4.mul(low, i32x4.sub(lower, upper)), 8));
}

/** Sums as levels, 0..255 in steps of a quarter. */
// @ts-ignore: decorator
@inline
function levels(sums: v128): v128 {
  const quarters = f32x4.convert_i32x4_s(i32x4.shr_s(sums, 16));
  const all = f32x4.sub(f32x4.mul(quarters, f32x4.splat(0.25)), f32x4.splat(384));
  return f32x4.min(f32x4.max(all, f32x4.splat(0)), f32x4.splat(255));
}

/** 16 bits hold the sum of so many samples. */
const MOST_ROWS = 256;

/**
 * Shrinks a plane: each sample is the rounded mean of a block of `factor` x `factor` samples. The edge of the picture may cut the last
 * blocks of a row or column. Their means are over the samples that exist.
 *
 * @param plane address of the first sample, with 32 bytes of room behind the last
 * @param stride samples of a row, of which the first `width` are blocks and what is left of one
 * @param height rows of the plane
 * @param sums address of room for a row of int32 sums, rounded up to 16 of them
 * @param reduced address of the result, `reducedWidth` x `reducedHeight`
 */
export function reducePlane(
  plane: usize,
  stride: usize,
  width: i32,
  height: i32,
  factor: i32,
  sums: usize,
  reduced: usize,
  reducedWidth: i32,
  reducedHeight: i32,
): void {
  if (factor == 2 && 2 * reducedWidth <= width && 2 * reducedHeight <= height) {
    halvePlane(plane, stride, reduced, reducedWidth, reducedHeight);
    return;
  }
  const wholeBlocks = min(reducedWidth, width / factor);
  for (let row = 0; row < reducedHeight; row++) {
    const from = min(row * factor, height - 1);
    const to = min(from + min(factor, MOST_ROWS), height);
    const first = plane + <usize>from * stride;
    const last = plane + <usize>to * stride;
    for (let x: usize = 0; x < <usize>width; x += 16) sumColumns(first + x, last + x, stride, sums + 4 * x);
    const weight = 1 / <f64>((to - from) * factor);
    let at = sums;
    for (let column = 0; column < wholeBlocks; column++) {
      let sum = 0;
      for (const end = at + 4 * <usize>factor; at < end; at += 4) sum += load<i32>(at);
      store<u8>(reduced++, <u8>(<f64>sum * weight + 0.5));
    }
    for (let column = wholeBlocks; column < reducedWidth; column++) {
      const left = min(column * factor, width - 1);
      const right = min(left + factor, width);
      let sum = 0;
      for (let x = left; x < right; x++) sum += load<i32>(sums + 4 * <usize>x);
      store<u8>(reduced++, <u8>(<f64>sum / <f64>((to - from) * (right - left)) + 0.5));
    }
  }
}

/** The most frequent reduction: faces of 250 to 400 pixels. Up to seven samples are written behind the end of a row. */
// @ts-ignore: decorator
@inline
function halvePlane(plane: usize, stride: usize, reduced: usize, width: i32, height: i32): void {
  const half = i16x8.splat(2);
  for (let row = 0; row < height; row++) {
    const upper = plane + 2 * <usize>row * stride;
    const target = reduced + <usize>(row * width);
    for (let column: usize = 0; column < <usize>width; column += 8) {
      const above = i16x8.extadd_pairwise_i8x16_u(v128.load(upper + 2 * column));
      const below = i16x8.extadd_pairwise_i8x16_u(v128.load(upper + stride + 2 * column));
      const means = i16x8.shr_u(i16x8.add(i16x8.add(above, below), half), 2);
      v128.store64_lane(target + column, i8x16.narrow_i16x8_u(means, means), 0);
    }
  }
}

/** Sums of sixteen columns. */
// @ts-ignore: decorator
@inline
function sumColumns(first: usize, last: usize, stride: usize, sums: usize): void {
  let low = i16x8.splat(0);
  let high = i16x8.splat(0);
  for (let at = first; at < last; at += stride) {
    const samples = v128.load(at);
    low = i16x8.add(low, i16x8.extend_low_i8x16_u(samples));
    high = i16x8.add(high, i16x8.extend_high_i8x16_u(samples));
  }
  v128.store(sums, i32x4.extend_low_i16x8_u(low));
  v128.store(sums, i32x4.extend_high_i16x8_u(low), 16);
  v128.store(sums, i32x4.extend_low_i16x8_u(high), 32);
  v128.store(sums, i32x4.extend_high_i16x8_u(high), 48);
}
