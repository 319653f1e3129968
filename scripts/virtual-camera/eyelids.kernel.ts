import type { Point } from '../../daemon/kernel/faces/geometry.js';
import type { LidRims } from './face-shape.js';
import type { Planes } from './planes.kernel.js';

/**
 * An eye made ready for closing. Heights are measured across the line through its corners (the eye's own x axis),
 * downwards, in pixels of the picture, at every half pixel along it; a margin beyond the corners moves along.
 */
export interface Eye {
  readonly centre: Point;
  readonly cos: number;
  readonly sin: number;
  /** Half the distance of the corners and the margin. */
  readonly halfWidth: number;
  /** Height of the upper rim. */
  readonly upper: Float32Array;
  /** How far the upper rim falls when the eye shuts. */
  readonly drop: Float32Array;
  /** Height above which nothing moves. */
  readonly top: number;
  /** What moves without stretching above the rim, pixels. */
  readonly edge: number;
  /** How far the stretched skin is smoothed along the eye, pixels. */
  readonly smoothing: number;
}

const SAMPLES_PER_PX = 2;

/** How much skin above the highest place of the rim gives way, relative to the greatest opening; the brow lies above that. */
const SKIN = 0.8;
/** The lashes and the lid's edge, relative to the greatest opening: they move, but do not stretch. */
const EDGE = 0.3;
/** A shut lid reaches a little beyond the lower rim, relative to the opening at that place. */
const OVERLAP = 0.15;
/** How far the fall of one place draws its neighbours along, relative to the distance of the corners. */
const DRAG = 0.24;
/** Lashes in the stretched skin would become stripes: it is smoothed over this share of the corners' distance. */
const SMOOTHING = 0.05;

/** Prepares an eye from its rims, in pixels of the picture to be changed. */
export function eyeOf(rims: LidRims): Eye {
  const first = rims.upper[0]!;
  const last = rims.upper[rims.upper.length - 1]!;
  const width = Math.hypot(last.x - first.x, last.y - first.y);
  const [cos, sin] = [(last.x - first.x) / width, (last.y - first.y) / width];
  const centre = { x: (first.x + last.x) / 2, y: (first.y + last.y) / 2 };
  const toEye = (p: Point): Point => ({
    x: (p.x - centre.x) * cos + (p.y - centre.y) * sin,
    y: (p.y - centre.y) * cos - (p.x - centre.x) * sin,
  });
  const reach = DRAG * width;
  const halfWidth = width / 2 + reach;
  const samples = Math.floor(2 * halfWidth * SAMPLES_PER_PX) + 1;
  const upper = curve(rims.upper.map(toEye), halfWidth, samples);
  const lower = curve(rims.lower.map(toEye), halfWidth, samples);
  const opening = upper.map((height, at) => Math.max(0, lower[at]! - height));
  const openPx = Math.max(...opening);
  return {
    centre,
    cos,
    sin,
    halfWidth,
    upper,
    drop: dragged(opening, Math.max(1, Math.round(reach * SAMPLES_PER_PX))).map((px) => px * (1 + OVERLAP)),
    top: Math.min(...upper) - SKIN * openPx,
    edge: EDGE * openPx,
    smoothing: SMOOTHING * width,
  };
}

/** The greatest of the neighbours' falls, each fading with the square of its distance up to `reach` samples. */
function dragged(fall: Float32Array, reach: number): Float32Array {
  return fall.map((_, at) => {
    let most = 0;
    for (let by = -reach; by <= reach; by++) {
      const share = by / reach;
      most = Math.max(most, (fall[at + by] ?? 0) * (1 - share * share));
    }
    return most;
  });
}

/** Heights of a smooth curve through the points (cubic Hermite, slopes from the neighbours) at every sample. */
function curve(points: readonly Point[], halfWidth: number, samples: number): Float32Array {
  const sorted = [...points].sort((a, b) => a.x - b.x);
  const slopes = sorted.map((_, index) => {
    const before = sorted[Math.max(0, index - 1)]!;
    const after = sorted[Math.min(sorted.length - 1, index + 1)]!;
    return after.x === before.x ? 0 : (after.y - before.y) / (after.x - before.x);
  });
  const heights = new Float32Array(samples);
  let piece = 0;
  for (let at = 0; at < samples; at++) {
    const x = at / SAMPLES_PER_PX - halfWidth;
    while (piece < sorted.length - 2 && x > sorted[piece + 1]!.x) piece++;
    const [from, to] = [sorted[piece]!, sorted[piece + 1]!];
    const span = to.x - from.x;
    const t = span > 0 ? Math.min(1, Math.max(0, (x - from.x) / span)) : 0;
    const [t2, t3] = [t * t, t * t * t];
    heights[at] =
      (2 * t3 - 3 * t2 + 1) * from.y +
      (t3 - 2 * t2 + t) * span * slopes[piece]! +
      (3 * t2 - 2 * t3) * to.y +
      (t3 - t2) * span * slopes[piece + 1]!;
  }
  return heights;
}

/**
 * Draws the eye into `target` with its upper lid lowered by `closure` (0 open .. 1 shut) of the way to the lower
 * rim: the skin above is stretched down along with it, what the lid has not reached stays as in `open`. Both
 * pictures have one size and are equal outside the eyes.
 */
export function closeEye(open: Planes, target: Planes, eye: Eye, closure: number): void {
  const reach = eye.halfWidth + Math.abs(eye.top) + 2;
  const top = Math.max(0, Math.floor(eye.centre.y - reach));
  const bottom = Math.min(open.heightPx - 1, Math.ceil(eye.centre.y + reach));
  const left = Math.max(0, Math.floor(eye.centre.x - reach));
  const right = Math.min(open.widthPx - 1, Math.ceil(eye.centre.x + reach));
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      drawPixel(open, target, eye, closure, column, row);
    }
  }
}

function drawPixel(
  open: Planes,
  target: Planes,
  eye: Eye,
  closure: number,
  column: number,
  row: number,
): void {
  const at = row * open.widthPx + column;
  target.y[at] = open.y[at]!;
  target.u[at] = open.u[at]!;
  target.v[at] = open.v[at]!;
  const dx = column + 0.5 - eye.centre.x;
  const dy = row + 0.5 - eye.centre.y;
  const sample = Math.round((dx * eye.cos + dy * eye.sin + eye.halfWidth) * SAMPLES_PER_PX);
  if (sample < 0 || sample >= eye.upper.length) return;
  const height = dy * eye.cos - dx * eye.sin;
  const drop = closure * eye.drop[sample]!;
  const cover = Math.min(1, eye.upper[sample]! + drop + 0.5 - height);
  const above = height - eye.top;
  if (cover <= 0 || above <= 0 || drop <= 0) return;
  const skin = eye.upper[sample]! - eye.top - eye.edge;
  const isEdge = above >= skin + drop;
  const shift = isEdge ? -drop : (above * skin) / (skin + drop) - above;
  const x = column - shift * eye.sin;
  const y = row + shift * eye.cos;
  const stretch = isEdge ? 0 : (-shift / (skin + drop)) * Math.min(1, (skin + drop - above) / eye.edge);
  const spread = eye.smoothing * stretch;
  for (const plane of ['y', 'u', 'v'] as const) {
    const skinValue = along(open[plane], open, x, y, spread * eye.cos, spread * eye.sin);
    target[plane][at] = open[plane][at]! * (1 - cover) + skinValue * cover + 0.5;
  }
}

/** Mean of five places about (x, y) along a line. */
function along(plane: Uint8Array, size: Planes, x: number, y: number, stepX: number, stepY: number): number {
  if (stepX === 0 && stepY === 0) return bilinear(plane, size, x, y);
  let sum = 0;
  for (let by = -2; by <= 2; by++) sum += bilinear(plane, size, x + by * stepX, y + by * stepY);
  return sum / 5;
}

/** Value of a plane at a place given in whole pixels, border pixels repeated outside. */
function bilinear(plane: Uint8Array, size: Planes, x: number, y: number): number {
  const cx = Math.min(size.widthPx - 1.001, Math.max(0, x));
  const cy = Math.min(size.heightPx - 1.001, Math.max(0, y));
  const [x0, y0] = [Math.floor(cx), Math.floor(cy)];
  const [fx, fy] = [cx - x0, cy - y0];
  const first = y0 * size.widthPx + x0;
  const second = first + size.widthPx;
  const above = plane[first]! + (plane[first + 1]! - plane[first]!) * fx;
  const below = plane[second]! + (plane[second + 1]! - plane[second]!) * fx;
  return above + (below - above) * fy;
}
