import { type Affine, affineScale, applyAffine, composeAffine } from '../../kernel/faces/affine.js';
import type { Picture, Rgb24Picture, Yuv420Picture } from '../../kernel/faces/picture.js';
import { reduceRegion } from './box-reduction.kernel.js';
import { copyRows, rowBytes, samplingRoom } from './yuv-rooms.js';
import { type YuvToRgb, yuvToRgb } from './yuv-to-rgb.js';

/** One input of a network inside a larger buffer: planar float32 R, G, B (or B, G, R), 0..255. */
export interface PlanarTarget {
  readonly data: Float32Array;
  /** Index of the first sample of the first plane. */
  readonly offset: number;
  readonly widthPx: number;
  readonly heightPx: number;
  /** Order of the planes; red first unless told. */
  readonly order?: 'rgb' | 'bgr';
  /** What the crop shows outside the picture: the pixels of its border unless told. */
  readonly outside?: 'border' | 'black';
}

/**
 * If a crop pixel covers at least this many picture pixels along each side, blocks of the picture are averaged first. This
 * avoids aliasing.
 */
const REDUCE_FROM = 2;

/**
 * Fills `target` with the part of `picture` that `cropToPicture` points at. Interpolates linearly between pixels. Outside the
 * picture, the crop repeats the border pixels or is black. A strong reduction averages blocks of pixels first.
 */
export function cropAffine(picture: Picture, cropToPicture: Affine, target: PlanarTarget): void {
  fill(picture, cropToPicture, target);
  if (target.outside === 'black') blackenOutside(picture, cropToPicture, target);
}

function fill(picture: Picture, cropToPicture: Affine, target: PlanarTarget): void {
  const scale = affineScale(cropToPicture);
  if (scale < REDUCE_FROM) {
    sample(picture, cropToPicture, target, picture.heightPx);
    return;
  }
  const factor = Math.floor(scale);
  const bounds = cropBounds(cropToPicture, target.widthPx, target.heightPx);
  const reduced = reduceRegion(picture, bounds, factor);
  const toReduced = composeAffine(
    { xx: 1 / factor, xy: 0, x0: -reduced.x0 / factor, yx: 0, yy: 1 / factor, y0: -reduced.y0 / factor },
    cropToPicture,
  );
  sample(reduced.picture, toReduced, target, picture.heightPx);
}

interface Bounds {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The upright rectangle in the picture that holds every pixel centre of the crop. */
function cropBounds(map: Affine, widthPx: number, heightPx: number): Bounds {
  const corners = [
    applyAffine(map, { x: 0.5, y: 0.5 }),
    applyAffine(map, { x: widthPx - 0.5, y: 0.5 }),
    applyAffine(map, { x: 0.5, y: heightPx - 0.5 }),
    applyAffine(map, { x: widthPx - 0.5, y: heightPx - 0.5 }),
  ];
  const xs = corners.map((corner) => corner.x);
  const ys = corners.map((corner) => corner.y);
  return { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) };
}

function blackenOutside({ widthPx, heightPx }: Picture, m: Affine, t: PlanarTarget): void {
  const { left, top, right, bottom } = cropBounds(m, t.widthPx, t.heightPx);
  if (left >= 0 && top >= 0 && right <= widthPx && bottom <= heightPx) return;
  const area = t.widthPx * t.heightPx;
  let o = t.offset;
  for (let row = 0; row < t.heightPx; row++) {
    let x = m.xx * 0.5 + m.xy * (row + 0.5) + m.x0;
    let y = m.yx * 0.5 + m.yy * (row + 0.5) + m.y0;
    for (let column = 0; column < t.widthPx; column++, o++, x += m.xx, y += m.yx) {
      if (x >= 0 && y >= 0 && x <= widthPx && y <= heightPx) continue;
      t.data[o] = 0;
      t.data[o + area] = 0;
      t.data[o + 2 * area] = 0;
    }
  }
}

/** `fullHeightPx`: height of the whole picture; the colour matrix depends on it. */
function sample(picture: Picture, map: Affine, target: PlanarTarget, fullHeightPx: number): void {
  if (picture.format === 'rgb24') sampleRgb(picture, map, target);
  else {
    const colour = yuvToRgb({ range: picture.range, heightPx: fullHeightPx });
    const bounds = cropBounds(map, target.widthPx, target.heightPx);
    // A crop at a border has samples of both kinds.
    const spans = isInside(picture, bounds) ? undefined : insideSpans(picture, map, target);
    sampleYuvInside(picture, map, target, colour, bounds, spans);
    if (spans !== undefined) sampleYuvClamped(picture, map, target, colour, spans);
  }
}

/** Samples that are at least so far inside the picture have all their neighbours there, pixels. */
const INSIDE = { before: 2, after: 3 } as const;

/** Whether all samples of a crop with these bounds are, by more than the error of a sum. */
function isInside({ widthPx, heightPx }: Yuv420Picture, { left, top, right, bottom }: Bounds): boolean {
  const [before, after] = [INSIDE.before + 0.001, INSIDE.after + 0.001];
  return left >= before && top >= before && right <= widthPx - after && bottom <= heightPx - after;
}

/** For each row of a crop, the columns whose samples lie inside the picture: the first, and the one after the last. */
function insideSpans(
  { widthPx, heightPx }: Yuv420Picture,
  { xx, xy, x0, yx, yy, y0 }: Affine,
  target: PlanarTarget,
): Int32Array {
  const spans = new Int32Array(2 * target.heightPx);
  for (let row = 0; row < target.heightPx; row++) {
    const x = xx * 0.5 + xy * (row + 0.5) + x0;
    const y = yx * 0.5 + yy * (row + 0.5) + y0;
    const acrossX = columnsWithin(x, xx, widthPx - INSIDE.after);
    const acrossY = columnsWithin(y, yx, heightPx - INSIDE.after);
    const first = Math.min(target.widthPx, Math.max(0, acrossX.first, acrossY.first));
    spans[2 * row] = first;
    spans[2 * row + 1] = Math.max(first, Math.min(target.widthPx, acrossX.end, acrossY.end));
  }
  return spans;
}

/** The columns at which `start + column * step` is from `INSIDE.before` to `most`. */
function columnsWithin(start: number, step: number, most: number): { first: number; end: number } {
  // A picture of a few pixels has no inside.
  const isWithin = start >= INSIDE.before && start <= most;
  if (most < INSIDE.before || Math.abs(step) < 1e-9)
    return { first: isWithin ? 0 : Number.POSITIVE_INFINITY, end: Number.POSITIVE_INFINITY };
  const one = (INSIDE.before - start) / step;
  const other = (most - start) / step;
  return { first: Math.ceil(Math.min(one, other)), end: Math.floor(Math.max(one, other)) + 1 };
}

/** Whole numbers stand for fractions: positions count 1/65536 pixel, colour coefficients 1/1024. */
const POSITION = 65536;
const COEFFICIENT = 1024;

/** A sum of luma and colour is an 8-bit value times 2^18. So many levels are added to it, so that none is negative. */
const SUM_BITS = 18;
const SUM_LIFT = 384;

/**
 * The fast form, for samples whose neighbours all lie inside the picture: four at once, in whole numbers. They move no sample by more than
 * 1/256 pixel, and change no value by more than three levels. Without `spans`, that is all of the crop.
 */
function sampleYuvInside(
  p: Yuv420Picture,
  m: Affine,
  t: PlanarTarget,
  c: YuvToRgb,
  bounds: Bounds,
  spans: Int32Array | undefined,
): void {
  const from = rowsFor(p, bounds);
  if (from.rowCount <= 0) return;
  const area = t.widthPx * t.heightPx;
  const { rows, planes, source, sample } = samplingRoom(t.heightPx, area, rowBytes(p, from));
  const places = copyRows(p, from, source);
  const stepX = Math.round(m.xx * POSITION) | 0;
  const stepY = Math.round(m.yx * POSITION) | 0;
  for (let row = 0; row < t.heightPx; row++) {
    const first = spans === undefined ? 0 : spans[2 * row]!;
    const x = m.xx * 0.5 + m.xy * (row + 0.5) + m.x0 - 0.5;
    const y = m.yx * 0.5 + m.yy * (row + 0.5) + m.y0 - 0.5;
    rows[4 * row] = first;
    rows[4 * row + 1] = spans === undefined ? t.widthPx : spans[2 * row + 1]!;
    rows[4 * row + 2] = Math.round(x * POSITION + first * stepX);
    rows[4 * row + 3] = Math.round(y * POSITION + first * stepY) - from.topRow * POSITION;
  }
  const lift = (SUM_LIFT << SUM_BITS) - Math.round(c.black * c.gain * (1 << SUM_BITS));
  const [gain = 0, ...factors] = [c.gain, c.rV, c.gU, c.gV, c.bU].map((each) =>
    Math.round(each * COEFFICIENT),
  );
  sample(
    ...[rows.byteOffset, ...planes.map(({ byteOffset }) => byteOffset)],
    ...places.map((place) => source.byteOffset + place),
    ...[p.widthPx, (p.widthPx + 1) >> 1, t.widthPx, t.heightPx],
    ...[stepX, stepY, gain, lift, ...factors],
  );
  planes.forEach((plane, index) => {
    const at = t.offset + (t.order === 'bgr' ? 2 - index : index) * area;
    t.data.set(plane.subarray(0, area), at);
  });
}

/** How far from the pixels of a crop their neighbours in the picture lie at most, pixels: a sample of colour covers two of them. */
const NEIGHBOURS = 4;

/** The rows of the picture that hold the samples of a crop with these bounds, and their neighbours. */
function rowsFor({ heightPx }: Yuv420Picture, { top, bottom }: Bounds): { topRow: number; rowCount: number } {
  const topRow = Math.max(0, 2 * Math.floor((top - NEIGHBOURS) / 2));
  return { topRow, rowCount: Math.min(heightPx, 2 * Math.ceil((bottom + NEIGHBOURS) / 2)) - topRow };
}

/** The bilinear value of a plane at (x, y), in samples. Outside the plane, the border repeats. */
function clampedSample(
  data: Uint8Array,
  plane: number,
  stride: number,
  pitch: number,
  width: number,
  height: number,
  x: number,
  y: number,
): number {
  const cx = x < 0 ? 0 : Math.min(x, width - 1);
  const cy = y < 0 ? 0 : Math.min(y, height - 1);
  const ix = cx | 0;
  const iy = cy | 0;
  const nextX = ix < width - 1 ? pitch : 0;
  const nextY = iy < height - 1 ? stride : 0;
  const i = plane + iy * stride + ix * pitch;
  const top = data[i]! + (cx - ix) * (data[i + nextX]! - data[i]!);
  const low = data[i + nextY]! + (cx - ix) * (data[i + nextY + nextX]! - data[i + nextY]!);
  return top + (cy - iy) * (low - top);
}

/** The slow form, for the samples at the border of the picture and beyond it. */
function sampleYuvClamped(
  p: Yuv420Picture,
  m: Affine,
  t: PlanarTarget,
  c: YuvToRgb,
  spans: Int32Array,
): void {
  const { data, widthPx, heightPx } = p;
  const cw = (widthPx + 1) >> 1;
  const ch = (heightPx + 1) >> 1;
  const uPlane = widthPx * heightPx;
  const vPlane = uPlane + cw * ch;
  const area = t.widthPx * t.heightPx;
  const red = t.offset + (t.order === 'bgr' ? 2 * area : 0);
  const green = t.offset + area;
  const blue = t.offset + (t.order === 'bgr' ? 0 : 2 * area);
  const fill = (row: number, from: number, end: number): void => {
    const x0 = m.xx * 0.5 + m.xy * (row + 0.5) + m.x0 - 0.5;
    const y0 = m.yx * 0.5 + m.yy * (row + 0.5) + m.y0 - 0.5;
    for (let column = from; column < end; column++) {
      const o = row * t.widthPx + column;
      const x = x0 + column * m.xx;
      const y = y0 + column * m.yx;
      const luma = (clampedSample(data, 0, widthPx, 1, widthPx, heightPx, x, y) - c.black) * c.gain;
      const u = clampedSample(data, uPlane, cw, 1, cw, ch, x * 0.5 - 0.25, y * 0.5 - 0.25) - 128;
      const v = clampedSample(data, vPlane, cw, 1, cw, ch, x * 0.5 - 0.25, y * 0.5 - 0.25) - 128;
      t.data[red + o] = Math.min(255, Math.max(0, luma + c.rV * v));
      t.data[green + o] = Math.min(255, Math.max(0, luma - c.gU * u - c.gV * v));
      t.data[blue + o] = Math.min(255, Math.max(0, luma + c.bU * u));
    }
  };
  for (let row = 0; row < t.heightPx; row++) {
    fill(row, 0, spans[2 * row]!);
    fill(row, spans[2 * row + 1]!, t.widthPx);
  }
}

function sampleRgb(p: Rgb24Picture, m: Affine, t: PlanarTarget): void {
  const { data, widthPx, heightPx } = p;
  const stride = 3 * widthPx;
  const area = t.widthPx * t.heightPx;
  const planes = t.order === 'bgr' ? [2 * area, area, 0] : [0, area, 2 * area];
  let o = t.offset;
  for (let row = 0; row < t.heightPx; row++) {
    let x = m.xx * 0.5 + m.xy * (row + 0.5) + m.x0 - 0.5;
    let y = m.yx * 0.5 + m.yy * (row + 0.5) + m.y0 - 0.5;
    for (let column = 0; column < t.widthPx; column++, o++, x += m.xx, y += m.yx) {
      for (let channel = 0; channel < 3; channel++) {
        t.data[o + planes[channel]!] = clampedSample(data, channel, stride, 3, widthPx, heightPx, x, y);
      }
    }
  }
}
