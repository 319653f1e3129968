/**
 * The candidate that lost: similarities of every row of `vectors` to `probe` by a loop in JavaScript, unrolled by
 * eight with four sums, so that additions do not wait for each other.
 */
export function productLoop(vectors: Float32Array, probe: Float32Array, similarities: Float32Array): void {
  const width = probe.length;
  for (let row = 0, start = 0; row < similarities.length; row += 1, start += width) {
    let first = 0;
    let second = 0;
    let third = 0;
    let fourth = 0;
    for (let axis = 0; axis < width; axis += 8) {
      const at = start + axis;
      first += vectors[at]! * probe[axis]! + vectors[at + 4]! * probe[axis + 4]!;
      second += vectors[at + 1]! * probe[axis + 1]! + vectors[at + 5]! * probe[axis + 5]!;
      third += vectors[at + 2]! * probe[axis + 2]! + vectors[at + 6]! * probe[axis + 6]!;
      fourth += vectors[at + 3]! * probe[axis + 3]! + vectors[at + 7]! * probe[axis + 7]!;
    }
    similarities[row] = first + second + third + fourth;
  }
}
