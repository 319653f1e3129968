// AssemblyScript (TypeScript with WebAssembly's types), compiled by scripts/compile-kernel.mjs into small-rgb-code.ts.

/** Fixed point of `step`. */
const ONE: usize = 65536;

/**
 * Writes a planar 4:2:0 picture as interleaved RGB, smaller by `step`. Every pixel is the mean of the 2 x 2 luma samples around its
 * middle, or one sample where `step` is 1, and takes the colour sample there: quick, and good enough to look at.
 * Sixteen pixels are made at once, so the last ones of a row may lie behind its end, where the next row replaces them.
 *
 * @param picture address of the luma; the colours follow
 * @param rows address of room for one row of luma and colours, three times the width of the result, and 32 bytes
 * @param rgb address of the result; it needs 48 bytes of room behind it
 * @param step how much smaller, from 1 on; 16 bits behind the point
 * @param gain half the factor of luma; `rV` to `bU` are quarters of those of the colours; all with 15 bits behind the point
 */
export function writeRgb(
  picture: usize,
  rows: usize,
  rgb: usize,
  sourceWidth: usize,
  sourceHeight: usize,
  step: usize,
  black: i32,
  gain: i32,
  rV: i32,
  gU: i32,
  gV: i32,
  bU: i32,
): void {
  const width = (sourceWidth << 16) / step;
  const height = (sourceHeight << 16) / step;
  const chromaWidth = (sourceWidth + 1) >> 1;
  const u0 = picture + sourceWidth * sourceHeight;
  const v0 = u0 + chromaWidth * ((sourceHeight + 1) >> 1);
  // From the first sample of a source to that before the middle of the first pixel.
  const middle = (step - ONE) >> 1;
  const blacks = i16x8.splat(<i16>black);
  const gains = i16x8.splat(<i16>gain);
  const redV = i16x8.splat(<i16>rV);
  const greenU = i16x8.splat(<i16>gU);
  const greenV = i16x8.splat(<i16>gV);
  const blueU = i16x8.splat(<i16>bU);
  for (let y: usize = 0; y < height; y++) {
    const row = (y * step + middle) >> 16;
    const chroma = (row >> 1) * chromaWidth;
    let luma = picture + row * sourceWidth;
    let us = u0 + chroma;
    let vs = v0 + chroma;
    if (step > ONE) {
      shrink(luma, sourceWidth, us, vs, step, middle, rows, width);
      luma = rows;
      us = rows + width;
      vs = us + width;
    }
    const target = rgb + 3 * y * width;
    for (let x: usize = 0; x < width; x += 16) {
      const light = v128.load(luma + x);
      const light0 = brightness(i16x8.extend_low_i8x16_u(light), blacks, gains);
      const light1 = brightness(i16x8.extend_high_i8x16_u(light), blacks, gains);
      if (step == ONE) {
        // One colour sample for two pixels.
        const u = deviation(v128.load_ext<u8>(us + (x >> 1)));
        const v = deviation(v128.load_ext<u8>(vs + (x >> 1)));
        const red = i16x8.q15mulr_sat_s(v, redV);
        const green = i16x8.add(i16x8.q15mulr_sat_s(u, greenU), i16x8.q15mulr_sat_s(v, greenV));
        const blue = i16x8.q15mulr_sat_s(u, blueU);
        storePixels(
          target + 3 * x,
          bytes(i16x8.add_sat_s(light0, firstTwice(red)), i16x8.add_sat_s(light1, lastTwice(red))),
          bytes(i16x8.sub_sat_s(light0, firstTwice(green)), i16x8.sub_sat_s(light1, lastTwice(green))),
          bytes(i16x8.add_sat_s(light0, firstTwice(blue)), i16x8.add_sat_s(light1, lastTwice(blue))),
        );
      } else {
        const manyU = v128.load(us + x);
        const manyV = v128.load(vs + x);
        const u = deviation(i16x8.extend_low_i8x16_u(manyU));
        const v = deviation(i16x8.extend_low_i8x16_u(manyV));
        const nextU = deviation(i16x8.extend_high_i8x16_u(manyU));
        const nextV = deviation(i16x8.extend_high_i8x16_u(manyV));
        const green = i16x8.add(i16x8.q15mulr_sat_s(u, greenU), i16x8.q15mulr_sat_s(v, greenV));
        const nextGreen = i16x8.add(
          i16x8.q15mulr_sat_s(nextU, greenU),
          i16x8.q15mulr_sat_s(nextV, greenV),
        );
        storePixels(
          target + 3 * x,
          bytes(
            i16x8.add_sat_s(light0, i16x8.q15mulr_sat_s(v, redV)),
            i16x8.add_sat_s(light1, i16x8.q15mulr_sat_s(nextV, redV)),
          ),
          bytes(i16x8.sub_sat_s(light0, green), i16x8.sub_sat_s(light1, nextGreen)),
          bytes(
            i16x8.add_sat_s(light0, i16x8.q15mulr_sat_s(u, blueU)),
            i16x8.add_sat_s(light1, i16x8.q15mulr_sat_s(nextU, blueU)),
          ),
        );
      }
    }
  }
}

/** Writes a row of the smaller picture: its luma, then its colours. `upper` is the address of the upper row of luma. */
// @ts-ignore: decorator
@inline
function shrink(
  upper: usize,
  sourceWidth: usize,
  us: usize,
  vs: usize,
  step: usize,
  middle: usize,
  rows: usize,
  width: usize,
): void {
  const lower = upper + sourceWidth;
  let place = middle;
  for (let x: usize = 0; x < width; x++) {
    const at = place >> 16;
    const sum =
      <u32>load<u8>(upper + at) +
      <u32>load<u8>(upper + at + 1) +
      <u32>load<u8>(lower + at) +
      <u32>load<u8>(lower + at + 1);
    store<u8>(rows + x, <u8>((sum + 2) >> 2));
    const chroma = at >> 1;
    store<u8>(rows + width + x, load<u8>(us + chroma));
    store<u8>(rows + 2 * width + x, load<u8>(vs + chroma));
    place += step;
  }
}

/** Luma with 6 bits behind the point. */
// @ts-ignore: decorator
@inline
function brightness(luma: v128, blacks: v128, gains: v128): v128 {
  return i16x8.q15mulr_sat_s(i16x8.shl(i16x8.sub(luma, blacks), 7), gains);
}

/** How far a colour is from grey; a product with a quarter of a factor then has 6 bits behind the point. */
// @ts-ignore: decorator
@inline
function deviation(colour: v128): v128 {
  return i16x8.shl(i16x8.sub(colour, i16x8.splat(128)), 8);
}

// @ts-ignore: decorator
@inline
function firstTwice(values: v128): v128 {
  return v128.shuffle<i16>(values, values, 0, 0, 1, 1, 2, 2, 3, 3);
}

// @ts-ignore: decorator
@inline
function lastTwice(values: v128): v128 {
  return v128.shuffle<i16>(values, values, 4, 4, 5, 5, 6, 6, 7, 7);
}

/** Sixteen bytes of values with 6 bits behind the point. */
// @ts-ignore: decorator
@inline
function bytes(first: v128, last: v128): v128 {
  const half = i16x8.splat(32);
  return i8x16.narrow_i16x8_u(
    i16x8.shr_s(i16x8.add_sat_s(first, half), 6),
    i16x8.shr_s(i16x8.add_sat_s(last, half), 6),
  );
}

/** Interleaves sixteen pixels. */
// @ts-ignore: decorator
@inline
function storePixels(at: usize, r: v128, g: v128, b: v128): void {
  const rg0 = v128.shuffle<u8>(r, g, 0, 16, 0, 1, 17, 0, 2, 18, 0, 3, 19, 0, 4, 20, 0, 5);
  const rg1 = v128.shuffle<u8>(r, g, 21, 0, 6, 22, 0, 7, 23, 0, 8, 24, 0, 9, 25, 0, 10, 26);
  const rg2 = v128.shuffle<u8>(r, g, 0, 11, 27, 0, 12, 28, 0, 13, 29, 0, 14, 30, 0, 15, 31, 0);
  v128.store(at, v128.shuffle<u8>(rg0, b, 0, 1, 16, 3, 4, 17, 6, 7, 18, 9, 10, 19, 12, 13, 20, 15));
  v128.store(at + 16, v128.shuffle<u8>(rg1, b, 0, 21, 2, 3, 22, 5, 6, 23, 8, 9, 24, 11, 12, 25, 14, 15));
  v128.store(at + 32, v128.shuffle<u8>(rg2, b, 26, 1, 2, 27, 4, 5, 28, 7, 8, 29, 10, 11, 30, 13, 14, 31));
}
