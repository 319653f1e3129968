import type { Picture, Rgb24Picture, Yuv420Picture } from '../../kernel/faces/picture.js';
import { MOST_ROWS, type SamplePlane, sumRows } from './column-sums.kernel.js';

/** Regions begin and end at multiples of this many blocks. So they hold whole words of four samples, in chroma too. */
const BLOCKS = 8;

/** A part of a picture, `factor` times smaller. */
interface ReducedRegion {
  readonly picture: Picture;
  /** Where its top left corner lies in the whole picture, pixels. */
  readonly x0: number;
  readonly y0: number;
}

interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Holds the latest reduced region until the next call. It grows, but never shrinks. */
let scratch = new Uint8Array(0);
let columnSums = new Int32Array(0);

function scratchOf(bytes: number): Uint8Array {
  if (scratch.length < bytes) scratch = new Uint8Array(bytes);
  return scratch.subarray(0, bytes);
}

/**
 * Shrinks the part of `picture` that holds `bounds` and a margin for interpolation: averages blocks of `factor` x `factor` pixels.
 * The next call overwrites the result.
 */
export function reduceRegion(picture: Picture, bounds: Rectangle, factor: number): ReducedRegion {
  const step = BLOCKS * factor;
  const left = clampDown(bounds.left, step, picture.widthPx);
  const top = clampDown(bounds.top, step, picture.heightPx);
  const right = clampUp(bounds.right, left, step, picture.widthPx);
  const bottom = clampUp(bounds.bottom, top, step, picture.heightPx);
  const widthPx = Math.max(1, Math.floor((right - left) / factor));
  const heightPx = Math.max(1, Math.floor((bottom - top) / factor));
  const area = { left, top, widthPx, heightPx };
  const reduced =
    picture.format === 'rgb24' ? reduceRgb(picture, area, factor) : reduceYuv(picture, area, factor);
  return { picture: reduced, x0: left, y0: top };
}

/** The multiple of `step` that leaves a margin before `from` and at least one block inside the picture. */
function clampDown(from: number, step: number, lengthPx: number): number {
  const latest = Math.max(0, Math.floor((lengthPx - step) / step) * step);
  return Math.min(latest, Math.max(0, Math.floor((from - step / 2) / step) * step));
}

function clampUp(to: number, from: number, step: number, lengthPx: number): number {
  return Math.min(lengthPx, Math.max(from + step, Math.ceil((to + step / 2) / step) * step));
}

interface Area {
  readonly left: number;
  readonly top: number;
  readonly widthPx: number;
  readonly heightPx: number;
}

function reduceYuv(p: Yuv420Picture, area: Area, factor: number): Yuv420Picture {
  const { widthPx, heightPx } = area;
  const cw = (widthPx + 1) >> 1;
  const ch = (heightPx + 1) >> 1;
  const data = scratchOf(widthPx * heightPx + 2 * cw * ch);
  const sourceCw = (p.widthPx + 1) >> 1;
  const sourceCh = (p.heightPx + 1) >> 1;
  const uPlane = p.widthPx * p.heightPx;
  reducePlane({ ...p, start: 0 }, area, factor, data, 0);
  const half = { left: area.left >> 1, top: area.top >> 1, widthPx: cw, heightPx: ch };
  const chroma = { data: p.data, widthPx: sourceCw, heightPx: sourceCh };
  reducePlane({ ...chroma, start: uPlane }, half, factor, data, widthPx * heightPx);
  reducePlane(
    { ...chroma, start: uPlane + sourceCw * sourceCh },
    half,
    factor,
    data,
    widthPx * heightPx + cw * ch,
  );
  return { format: 'yuv420p', widthPx, heightPx, range: p.range, data };
}

function reducePlane(source: SamplePlane, area: Area, factor: number, out: Uint8Array, offset: number): void {
  const { data, start } = source;
  const { left, top, widthPx, heightPx } = area;
  const isWhole = left + 2 * widthPx <= source.widthPx && top + 2 * heightPx <= source.heightPx;
  const alignment = (data.byteOffset + start) | source.widthPx | left | (2 * widthPx);
  if (factor === 2 && isWhole && (alignment & 3) === 0) halvePlane(source, area, out, offset);
  else reduceBlocks(source, area, factor, out, offset);
}

/**
 * Rounded means of 2 x 2 samples, the most frequent reduction (faces of 250 to 400 pixels). Reads four samples of each row at a
 * time. Assumes little-endian words, like `sumRows`. Start and widths must be multiples of four.
 */
function halvePlane(source: SamplePlane, area: Area, out: Uint8Array, offset: number): void {
  const { data, widthPx: sourceWidth } = source;
  const stride = sourceWidth >> 2;
  const words = new Int32Array(data.buffer, data.byteOffset + source.start, stride * source.heightPx);
  let o = offset;
  for (let row = 0; row < area.heightPx; row++) {
    const first = (area.top + 2 * row) * stride + (area.left >> 2);
    const end = first + (area.widthPx >> 1);
    for (let i = first; i < end; i++) {
      const upper = words[i]!;
      const lower = words[i + stride]!;
      const sums =
        (upper & 0x00ff00ff) +
        ((upper >>> 8) & 0x00ff00ff) +
        (lower & 0x00ff00ff) +
        ((lower >>> 8) & 0x00ff00ff) +
        0x00020002;
      out[o] = (sums & 0xffff) >> 2;
      out[o + 1] = sums >>> 18;
      o += 2;
    }
  }
}

/** The edge of the picture may cut the last block of a row or column. Its mean is over the samples that exist. */
function reduceBlocks(
  source: SamplePlane,
  area: Area,
  factor: number,
  out: Uint8Array,
  offset: number,
): void {
  const { left, top, widthPx, heightPx } = area;
  const width = Math.min(widthPx * factor, source.widthPx - left);
  // Sums come in fours.
  if (columnSums.length < width + 3) columnSums = new Int32Array(width + 3);
  const sums = columnSums;
  let o = offset;
  for (let row = 0; row < heightPx; row++) {
    const from = Math.min(top + row * factor, source.heightPx - 1);
    const to = Math.min(from + Math.min(factor, MOST_ROWS), source.heightPx);
    sumRows(source, left, width, from, to, sums);
    const weight = 1 / ((to - from) * factor);
    const wholeBlocks = Math.min(widthPx, Math.floor(width / factor));
    let x = 0;
    for (let column = 0; column < wholeBlocks; column++) {
      let sum = 0;
      for (const end = x + factor; x < end; x++) sum = (sum + sums[x]!) | 0;
      out[o++] = (sum * weight + 0.5) | 0;
    }
    for (let column = wholeBlocks; column < widthPx; column++) {
      const first = Math.min(column * factor, width - 1);
      const last = Math.min(first + factor, width);
      let sum = 0;
      for (let i = first; i < last; i++) sum += sums[i]!;
      out[o++] = (sum / ((to - from) * (last - first)) + 0.5) | 0;
    }
  }
}

function reduceRgb(p: Rgb24Picture, area: Area, factor: number): Rgb24Picture {
  const { widthPx, heightPx } = area;
  const out = scratchOf(3 * widthPx * heightPx);
  const stride = 3 * p.widthPx;
  const weight = 1 / (factor * factor);
  let o = 0;
  for (let row = 0; row < heightPx; row++) {
    for (let column = 0; column < widthPx; column++) {
      const corner = (area.top + row * factor) * stride + 3 * (area.left + column * factor);
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let y = 0; y < factor; y++) {
          const line = corner + y * stride + channel;
          for (let x = 0; x < factor; x++) sum += p.data[line + 3 * x]!;
        }
        out[o++] = (sum * weight + 0.5) | 0;
      }
    }
  }
  return { format: 'rgb24', widthPx, heightPx, data: out };
}
