import type { Point } from '../../daemon/domain/geometry.js';
import type { LidRims } from './eye-contours.js';
import type { Planes } from './planes.kernel.js';

/**
 * An eye made ready for closing. Heights are measured across the line through its corners (the eye's own x axis),
 * downwards, in pixels of the picture, at every half pixel along it.
 */
export interface Eye {
  readonly centre: Point;
  readonly cos: number;
  readonly sin: number;
  /** Half the distance of the corners. */
  readonly halfWidth: number;
  readonly upper: Float32Array;
  readonly lower: Float32Array;
  /** Greatest distance of the rims. */
  readonly openPx: number;
}

const SAMPLES_PER_PX = 2;

/** How much skin above the lid's rim gives way, relative to the greatest opening; the brow lies above that. */
const SKIN = 1;
/** The lashes and the lid's edge, relative to the greatest opening: they move, but do not stretch. */
const EDGE = 0.22;
/** A shut lid reaches a little beyond the lower rim, relative to the opening at that place. */
const OVERLAP = 0.1;

/** Prepares an eye from its rims, in pixels of the picture to be changed. */
export function eyeOf(rims: LidRims): Eye {
  const first = rims.upper[0]!;
  const last = rims.upper[rims.upper.length - 1]!;
  const width = Math.hypot(last.x - first.x, last.y - first.y);
  const [cos, sin] = [(last.x - first.x) / width, (last.y - first.y) / width];
  const centre = { x: (first.x + last.x) / 2, y: (first.y + last.y) / 2 };
  const halfWidth = width / 2;
  const toEye = (p: Point): Point => ({
    x: (p.x - centre.x) * cos + (p.y - centre.y) * sin,
    y: (p.y - centre.y) * cos - (p.x - centre.x) * sin,
  });
  const samples = Math.floor(width * SAMPLES_PER_PX) + 1;
  const upper = curve(rims.upper.map(toEye), halfWidth, samples);
  const lower = curve(rims.lower.map(toEye), halfWidth, samples);
  let openPx = 0;
  for (let at = 0; at < samples; at++) {
    lower[at] = Math.max(lower[at]!, upper[at]!);
    openPx = Math.max(openPx, lower[at]! - upper[at]!);
  }
  return { centre, cos, sin, halfWidth, upper, lower, openPx };
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
  const reach = eye.halfWidth + (SKIN + 1) * eye.openPx + 2;
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
  const upper = eye.upper[sample]!;
  const drop = closure * (1 + OVERLAP) * (eye.lower[sample]! - upper);
  const rim = upper + drop;
  const cover = Math.min(1, rim + 0.5 - height);
  const above = height - (upper - SKIN * eye.openPx);
  if (cover <= 0 || above <= 0 || drop <= 0) return;
  const skin = (SKIN - EDGE) * eye.openPx;
  const from = above < skin + drop ? (above * skin) / (skin + drop) : above - drop;
  const shift = from - above;
  const x = column - shift * eye.sin;
  const y = row + shift * eye.cos;
  target.y[at] = mix(open.y[at]!, bilinear(open.y, open, x, y), cover);
  target.u[at] = mix(open.u[at]!, bilinear(open.u, open, x, y), cover);
  target.v[at] = mix(open.v[at]!, bilinear(open.v, open, x, y), cover);
}

function mix(under: number, over: number, cover: number): number {
  return under + (over - under) * cover + 0.5;
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
