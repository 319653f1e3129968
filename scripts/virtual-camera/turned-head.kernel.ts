import type { HeadTurn } from '../../daemon/kernel/liveness/rigid-head.js';
import type { Cutout } from './compose.kernel.js';

/** A point of a face in a cutout, pixels; depth grows away from the camera. */
export interface ReliefPoint {
  readonly x: number;
  readonly y: number;
  readonly depth: number;
}

/** How far each place of a cutout lies from the camera: depths on a grid, row by row, and the point that the head turns about. */
export interface Relief {
  readonly columns: number;
  readonly rows: number;
  readonly depths: Float32Array;
  readonly centre: ReliefPoint;
}

/** Distance of the grid's lines, pixels. */
const CELL_PX = 8;
/** How far one point of the mesh shapes its surroundings, relative to the width of the face. */
const REACH = 0.06;
/** Weight of the ellipsoid beside that of one point of the mesh at its place: it shapes what the mesh leaves. */
const ELLIPSOID_WEIGHT = 0.05;
/** Half axes of the head relative to the width and height of the face: an ellipsoid that hair and ears lie on. */
const HEAD = { across: 0.85, down: 1, deep: 0.75 };

/**
 * The relief of a head: the mesh where the face is, an ellipsoid through the rim of the face beyond it. `face` is the tight box of
 * the mesh.
 */
export function reliefOf(
  size: { readonly widthPx: number; readonly heightPx: number },
  face: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  mesh: readonly ReliefPoint[],
): Relief {
  const [centreX, centreY] = [face.x + face.width / 2, face.y + face.height / 2];
  const deep = HEAD.deep * face.width;
  const bulge = (x: number, y: number): number => {
    const across = (x - centreX) / (HEAD.across * face.width);
    const down = (y - centreY) / (HEAD.down * face.height);
    return deep * Math.sqrt(Math.max(0, 1 - across * across - down * down));
  };
  const rim = mesh.filter(({ x }) => Math.abs(x - centreX) > 0.4 * face.width);
  const centreDepth = rim.reduce((sum, p) => sum + p.depth + bulge(p.x, p.y), 0) / rim.length;
  const columns = Math.ceil(size.widthPx / CELL_PX) + 1;
  const rows = Math.ceil(size.heightPx / CELL_PX) + 1;
  const depths = new Float32Array(columns * rows);
  const reachPx = REACH * face.width;
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at++) {
      const [x, y] = [column * CELL_PX, row * CELL_PX];
      let weights = ELLIPSOID_WEIGHT;
      let sum = ELLIPSOID_WEIGHT * (centreDepth - bulge(x, y));
      for (const point of mesh) {
        const far = ((point.x - x) ** 2 + (point.y - y) ** 2) / (2 * reachPx * reachPx);
        if (far > 9) continue;
        const weight = Math.exp(-far);
        weights += weight;
        sum += weight * point.depth;
      }
      depths[at] = sum / weights;
    }
  }
  return { columns, rows, depths, centre: { x: centreX, y: centreY, depth: centreDepth } };
}

/** A grid point of the relief after the turn: where it is shown, how far away, and where it comes from. */
interface Corner {
  readonly x: number;
  readonly y: number;
  readonly depth: number;
  readonly fromX: number;
  readonly fromY: number;
}

/** Draws `from` into `to` (of the same size, with buffers of its own) as seen when its head is turned. What is near hides what is far. */
export function turnHead(
  from: Cutout,
  to: Cutout,
  relief: Relief,
  turn: HeadTurn,
  depthBuffer: Float32Array,
): void {
  to.alpha.fill(0);
  depthBuffer.fill(Number.POSITIVE_INFINITY);
  const { columns, rows } = relief;
  const corners = turnedCorners(relief, turn);
  for (let row = 0; row + 1 < rows; row++) {
    for (let column = 0; column + 1 < columns; column++) {
      const at = row * columns + column;
      const [a, b, c, d] = [
        corners[at]!,
        corners[at + 1]!,
        corners[at + columns]!,
        corners[at + columns + 1]!,
      ];
      drawTriangle(from, to, depthBuffer, a, b, c);
      drawTriangle(from, to, depthBuffer, b, d, c);
    }
  }
}

function turnedCorners(
  { columns, depths, centre }: Relief,
  { yawDeg, pitchDeg }: HeadTurn,
): readonly Corner[] {
  const [yaw, pitch] = [(yawDeg * Math.PI) / 180, (pitchDeg * Math.PI) / 180];
  const [cosYaw, sinYaw, cosPitch, sinPitch] = [
    Math.cos(yaw),
    Math.sin(yaw),
    Math.cos(pitch),
    Math.sin(pitch),
  ];
  return Array.from(depths, (depth, at) => {
    const [fromX, fromY] = [(at % columns) * CELL_PX, Math.floor(at / columns) * CELL_PX];
    const [x, y, z] = [fromX - centre.x, fromY - centre.y, depth - centre.depth];
    const x1 = x * cosYaw - z * sinYaw;
    const z1 = x * sinYaw + z * cosYaw;
    return {
      x: centre.x + x1,
      y: centre.y + y * cosPitch + z1 * sinPitch,
      depth: z1 * cosPitch - y * sinPitch,
      fromX,
      fromY,
    };
  });
}

function drawTriangle(
  from: Cutout,
  to: Cutout,
  nearest: Float32Array,
  a: Corner,
  b: Corner,
  c: Corner,
): void {
  const area = (b.x - a.x) * (c.y - a.y) - (c.x - a.x) * (b.y - a.y);
  // Turned away from the camera, or seen from its edge.
  if (area < 1e-3) return;
  const { widthPx, heightPx } = to.planes;
  const top = Math.max(0, Math.ceil(Math.min(a.y, b.y, c.y) - 0.5));
  const bottom = Math.min(heightPx - 1, Math.floor(Math.max(a.y, b.y, c.y) - 0.5));
  const left = Math.max(0, Math.ceil(Math.min(a.x, b.x, c.x) - 0.5));
  const right = Math.min(widthPx - 1, Math.floor(Math.max(a.x, b.x, c.x) - 0.5));
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const [px, py] = [column + 0.5, row + 0.5];
      const wb = ((px - a.x) * (c.y - a.y) - (c.x - a.x) * (py - a.y)) / area;
      const wc = ((b.x - a.x) * (py - a.y) - (px - a.x) * (b.y - a.y)) / area;
      const wa = 1 - wb - wc;
      if (wa < -1e-6 || wb < -1e-6 || wc < -1e-6) continue;
      const at = row * widthPx + column;
      const depth = wa * a.depth + wb * b.depth + wc * c.depth;
      if (depth >= nearest[at]!) continue;
      nearest[at] = depth;
      const fromX = wa * a.fromX + wb * b.fromX + wc * c.fromX;
      const fromY = wa * a.fromY + wb * b.fromY + wc * c.fromY;
      takePixel(from, to, at, fromX - 0.5, fromY - 0.5);
    }
  }
}

function takePixel(from: Cutout, to: Cutout, at: number, x: number, y: number): void {
  const { widthPx, heightPx } = from.planes;
  const [cx, cy] = [Math.min(widthPx - 1.001, Math.max(0, x)), Math.min(heightPx - 1.001, Math.max(0, y))];
  const [x0, y0] = [cx | 0, cy | 0];
  const [fx, fy] = [cx - x0, cy - y0];
  const first = y0 * widthPx + x0;
  const second = first + widthPx;
  to.alpha[at] = from.alpha[first]!;
  for (const plane of ['y', 'u', 'v'] as const) {
    const values = from.planes[plane];
    const above = values[first]! + (values[first + 1]! - values[first]!) * fx;
    const below = values[second]! + (values[second + 1]! - values[second]!) * fx;
    to.planes[plane][at] = above + (below - above) * fy + 0.5;
  }
}
