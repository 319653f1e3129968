// AssemblyScript (TypeScript with WebAssembly's types), compiled by scripts/compile-kernel.mjs into bounds-code.ts.

/**
 * Writes, row by row, a bound that no template's similarity to the probe exceeds:
 * (int8 row · int16 probe) · both scales + error · errorFactor + norm · normFactor.
 * One turn of the outer loop takes four rows; one turn of the inner loop takes eight values of each of them.
 *
 * @param rows address of the first int8 row; `end` is the address behind the last one, a multiple of four rows later
 * @param facts address of the float32 scales; the errors follow after `factsDistance` bytes, the norms after twice that
 * @param bounds address of the result, one float32 a row
 * @param probe address of the int16 probe
 * @param width bytes of a row, a multiple of eight
 */
export function writeBounds(
  rows: usize,
  end: usize,
  facts: usize,
  bounds: usize,
  probe: usize,
  width: usize,
  factsDistance: usize,
  probeScale: f32,
  errorFactor: f32,
  normFactor: f32,
): void {
  const scales = f32x4.splat(probeScale);
  const errorFactors = f32x4.splat(errorFactor);
  const normFactors = f32x4.splat(normFactor);
  while (rows < end) {
    let first = i32x4.splat(0);
    let second = i32x4.splat(0);
    let third = i32x4.splat(0);
    let fourth = i32x4.splat(0);
    let values = probe;
    for (let row = rows; row < rows + width; row += 8) {
      const piece = v128.load(values);
      first = i32x4.add(first, i32x4.dot_i16x8_s(v128.load_ext<i8>(row), piece));
      second = i32x4.add(second, i32x4.dot_i16x8_s(v128.load_ext<i8>(row + width), piece));
      third = i32x4.add(third, i32x4.dot_i16x8_s(v128.load_ext<i8>(row + 2 * width), piece));
      fourth = i32x4.add(fourth, i32x4.dot_i16x8_s(v128.load_ext<i8>(row + 3 * width), piece));
      values += 16;
    }
    const sums = addPairs(addPairs(first, second), addPairs(third, fourth));
    const products = f32x4.mul(f32x4.mul(f32x4.convert_i32x4_s(sums), v128.load(facts)), scales);
    const margins = f32x4.add(
      f32x4.mul(v128.load(facts + factsDistance), errorFactors),
      f32x4.mul(v128.load(facts + 2 * factsDistance), normFactors),
    );
    v128.store(bounds, f32x4.add(products, margins));
    rows += 4 * width;
    facts += 16;
    bounds += 16;
  }
}

/** Adds neighbouring lanes: a0 + a1, a2 + a3, b0 + b1, b2 + b3. Applied twice, it sums the lanes of four vectors. */
// @ts-ignore: decorator
@inline
function addPairs(a: v128, b: v128): v128 {
  return i32x4.add(v128.shuffle<i32>(a, b, 0, 2, 4, 6), v128.shuffle<i32>(a, b, 1, 3, 5, 7));
}
