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

/** As `greatestPerPerson`, but the mean over a person's templates. */
export function meanPerPerson(scores: Float32Array, owners: Int32Array, persons: Float32Array): void {
  const counts = new Int32Array(persons.length);
  persons.fill(0);
  for (let row = 0; row < scores.length; row += 1) {
    const owner = owners[row]!;
    persons[owner] = persons[owner]! + scores[row]!;
    counts[owner] = counts[owner]! + 1;
  }
  for (let person = 0; person < persons.length; person += 1) {
    persons[person] = counts[person]! > 0 ? persons[person]! / counts[person]! : Number.NEGATIVE_INFINITY;
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
