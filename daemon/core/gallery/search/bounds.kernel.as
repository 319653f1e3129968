// AssemblyScript (TypeScript with WebAssembly's types), compiled by scripts/compile-kernel.mjs into bounds-code.ts.

/**
 * Writes, row by row, a bound that no template's similarity to the probe exceeds:
 * (row · probe + offset) · both scales + error · errorFactor + norm · normFactor.
 * Then lists the groups of four rows in which a bound is not below `floor`.
 *
 * A 16-bit word w of a row holds four values of 4 bits. Its values are w - 16·(w >> 4), (w >> 4) - 16·(w >> 8), and so on, so
 * that a probe prepared as `quantiseProbe` does it needs shifts alone: no masks. Sums may wrap around on the way, because the
 * last one fits into 32 bits.
 * One turn of the outer loop takes a group; one turn of the inner loop takes 32 values of each of its rows.
 *
 * @param rows address of the first row; `end` is the address behind the last one, a multiple of four rows later
 * @param facts address of the float32 scales; the errors follow after `factsDistance` bytes, the norms after twice that
 * @param bounds address of the result, one float32 a row
 * @param groups address of the list, one uint32 a group: the number of its first row, counted from `rows`
 * @param probe address of the int16 probe, 64 bytes for 16 bytes of a row
 * @param width bytes of a row, a multiple of 16
 * @returns the number of groups listed
 */
export function writeBounds(
  rows: usize,
  end: usize,
  facts: usize,
  bounds: usize,
  groups: usize,
  probe: usize,
  width: usize,
  factsDistance: usize,
  probeScale: f32,
  offset: f32,
  errorFactor: f32,
  normFactor: f32,
  floor: f32,
): u32 {
  const scales = f32x4.splat(probeScale);
  const offsets = f32x4.splat(offset);
  const errorFactors = f32x4.splat(errorFactor);
  const normFactors = f32x4.splat(normFactor);
  const floors = f32x4.splat(floor);
  const list = groups;
  let number: u32 = 0;
  while (rows < end) {
    let first = i32x4.splat(0);
    let second = i32x4.splat(0);
    let third = i32x4.splat(0);
    let fourth = i32x4.splat(0);
    let values = probe;
    for (let row = rows; row < rows + width; row += 16) {
      const p0 = v128.load(values);
      const p1 = v128.load(values, 16);
      const p2 = v128.load(values, 32);
      const p3 = v128.load(values, 48);
      first = i32x4.add(first, product(v128.load(row), p0, p1, p2, p3));
      second = i32x4.add(second, product(v128.load(row + width), p0, p1, p2, p3));
      third = i32x4.add(third, product(v128.load(row + 2 * width), p0, p1, p2, p3));
      fourth = i32x4.add(fourth, product(v128.load(row + 3 * width), p0, p1, p2, p3));
      values += 64;
    }
    const sums = f32x4.add(
      f32x4.convert_i32x4_s(addPairs(addPairs(first, second), addPairs(third, fourth))),
      offsets,
    );
    const products = f32x4.mul(sums, f32x4.mul(v128.load(facts), scales));
    const margins = f32x4.add(
      f32x4.mul(v128.load(facts + factsDistance), errorFactors),
      f32x4.mul(v128.load(facts + 2 * factsDistance), normFactors),
    );
    const most = f32x4.add(products, margins);
    v128.store(bounds, most);
    store<u32>(groups, number);
    // A bound that is not a number is not below the floor.
    if (!i32x4.all_true(f32x4.lt(most, floors))) groups += 4;
    number += 4;
    rows += 4 * width;
    facts += 16;
    bounds += 16;
  }
  return u32((groups - list) >> 2);
}

/** The product of 32 values of a row and of the prepared probe, in four parts. */
// @ts-ignore: decorator
@inline
function product(words: v128, p0: v128, p1: v128, p2: v128, p3: v128): v128 {
  return i32x4.add(
    i32x4.add(i32x4.dot_i16x8_s(words, p0), i32x4.dot_i16x8_s(i16x8.shr_s(words, 4), p1)),
    i32x4.add(
      i32x4.dot_i16x8_s(i16x8.shr_s(words, 8), p2),
      i32x4.dot_i16x8_s(i16x8.shr_s(words, 12), p3),
    ),
  );
}

/** Adds neighbouring lanes: a0 + a1, a2 + a3, b0 + b1, b2 + b3. Applied twice, it sums the lanes of four vectors. */
// @ts-ignore: decorator
@inline
function addPairs(a: v128, b: v128): v128 {
  return i32x4.add(v128.shuffle<i32>(a, b, 0, 2, 4, 6), v128.shuffle<i32>(a, b, 1, 3, 5, 7));
}
