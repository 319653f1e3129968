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

/**
 * Reduces one similarity per template to one per person: the greatest of theirs.
 * `owners[row]` is the person's number, below `persons.length`; persons without templates get -Infinity.
 */
export function greatestPerPerson(scores: Float32Array, owners: Int32Array, persons: Float32Array): void {
  persons.fill(Number.NEGATIVE_INFINITY);
  for (let row = 0; row < scores.length; row += 1) {
    const owner = owners[row]!;
    const score = scores[row]!;
    if (score > persons[owner]!) persons[owner] = score;
  }
}

/** Numbers of the `count` greatest values above -Infinity, greatest first. Meant for small counts. */
export function greatestIndices(values: Float32Array, count: number): number[] {
  const best: number[] = [];
  let floor = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index]!;
    if (value <= floor) continue;
    let place = best.length;
    while (place > 0 && values[best[place - 1]!]! < value) place -= 1;
    best.splice(place, 0, index);
    if (best.length > count) best.pop();
    if (best.length === count) floor = values[best[count - 1]!]!;
  }
  return best;
}
