/** The dot product of two vectors of the same length. Four sums at a time: the processor need not wait for one to add the next. */
export function dotProduct(a: Float32Array, b: Float32Array): number {
  const { length } = a;
  const whole = length - (length % 4);
  let first = 0;
  let second = 0;
  let third = 0;
  let fourth = 0;
  for (let axis = 0; axis < whole; axis += 4) {
    first += a[axis]! * b[axis]!;
    second += a[axis + 1]! * b[axis + 1]!;
    third += a[axis + 2]! * b[axis + 2]!;
    fourth += a[axis + 3]! * b[axis + 3]!;
  }
  for (let axis = whole; axis < length; axis += 1) first += a[axis]! * b[axis]!;
  return first + second + third + fourth;
}
