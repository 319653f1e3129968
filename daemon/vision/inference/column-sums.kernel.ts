/** One plane of 8-bit samples inside a picture's buffer. */
export interface SamplePlane {
  readonly data: Uint8Array;
  /** Index of its first sample. */
  readonly start: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

/** With more rows than this, a sum could overflow its 16 bits of the word. */
export const MOST_ROWS = 128;

/**
 * Writes the sum of each column of a part of a plane into `sums`, from index 0. The part: rows `top` up to but not including
 * `bottom` (at most `MOST_ROWS`), and `width` columns from `left`. Adds four samples at a time if the plane's start and width and
 * `left` are multiples of four; the last four may reach beyond the part, so `sums` needs room for `width` rounded up to four.
 * Assumes little-endian words, as on every platform that ONNX Runtime supports.
 */
export function sumRows(
  plane: SamplePlane,
  left: number,
  width: number,
  top: number,
  bottom: number,
  sums: Int32Array,
): void {
  const { data, widthPx } = plane;
  const first = data.byteOffset + plane.start;
  if (((widthPx | first | left) & 3) !== 0) {
    sumRowsByBytes(plane, left, width, top, bottom, sums);
    return;
  }
  const words = new Int32Array(data.buffer, first, (widthPx * plane.heightPx) >> 2);
  const stride = widthPx >> 2;
  const start = top * stride + (left >> 2);
  const end = bottom * stride;
  for (let word = 0; word < (width + 3) >> 2; word++) {
    let even = 0;
    let odd = 0;
    for (let i = start + word; i < end; i += stride) {
      const four = words[i]!;
      even = (even + (four & 0x00ff00ff)) | 0;
      odd = (odd + ((four >>> 8) & 0x00ff00ff)) | 0;
    }
    const x = word << 2;
    sums[x] = even & 0xffff;
    sums[x + 1] = odd & 0xffff;
    sums[x + 2] = even >>> 16;
    sums[x + 3] = odd >>> 16;
  }
}

function sumRowsByBytes(
  plane: SamplePlane,
  left: number,
  width: number,
  top: number,
  bottom: number,
  sums: Int32Array,
): void {
  sums.fill(0, 0, width);
  for (let y = top; y < bottom; y++) {
    const line = plane.start + y * plane.widthPx + left;
    for (let x = 0; x < width; x++) sums[x] = sums[x]! + plane.data[line + x]!;
  }
}
