/** Rows of R, G, B bytes from planes of float32 R, G, B in 0..255; `area` pixels a plane. */
export function interleavePlanes(planes: Float32Array, area: number): Uint8ClampedArray {
  const bytes = new Uint8ClampedArray(3 * area);
  for (let pixel = 0, o = 0; pixel < area; pixel++, o += 3) {
    bytes[o] = planes[pixel]!;
    bytes[o + 1] = planes[area + pixel]!;
    bytes[o + 2] = planes[2 * area + pixel]!;
  }
  return bytes;
}
