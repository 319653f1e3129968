import {
  type Picture,
  type Rgb24Picture,
  type Yuv420Picture,
  yuv420Bytes,
} from '../../kernel/faces/picture.js';
import { copyRows, reducingRoom, rowBytes } from './yuv-rooms.js';

/** Regions begin and end at multiples of this many blocks, so at pixels that share no sample of colour with others. */
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
  const { left, top, widthPx, heightPx } = area;
  const half = { left: left >> 1, top: top >> 1, widthPx: (widthPx + 1) >> 1, heightPx: (heightPx + 1) >> 1 };
  const bytes = yuv420Bytes(widthPx, heightPx);
  const rows = { topRow: top, rowCount: Math.min(factor * (heightPx + 1), p.heightPx - top) };
  const { source, sums, reduced, reduce } = reducingRoom(p.widthPx, rowBytes(p, rows), bytes);
  const [luma, u, v] = copyRows(p, rows, source);
  /** `place`: where the rows begin in the source. */
  const reducePlane = (place: number, stride: number, rowCount: number, from: Area, to: number): void => {
    const width = Math.min(from.widthPx * factor, stride - from.left);
    const plane = source.byteOffset + place + from.left;
    const target = reduced.byteOffset + to;
    reduce(plane, stride, width, rowCount, factor, sums, target, from.widthPx, from.heightPx);
  };
  const chromaWidth = (p.widthPx + 1) >> 1;
  const chromaRows = (rows.rowCount + 1) >> 1;
  const [uTo, vTo] = [widthPx * heightPx, widthPx * heightPx + half.widthPx * half.heightPx];
  reducePlane(luma, p.widthPx, rows.rowCount, area, 0);
  reducePlane(u, chromaWidth, chromaRows, half, uTo);
  reducePlane(v, chromaWidth, chromaRows, half, vTo);
  return { format: 'yuv420p', widthPx, heightPx, range: p.range, data: reduced.subarray(0, bytes) };
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
