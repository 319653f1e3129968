import type { Box, Point } from './geometry.js';

/**
 * An affine map of the plane: x' = xx * x + xy * y + x0, y' = yx * x + yy * y + y0. Coordinates are pixels with centres at .5,
 * so that scaling is exact.
 */
export interface Affine {
  readonly xx: number;
  readonly xy: number;
  readonly x0: number;
  readonly yx: number;
  readonly yy: number;
  readonly y0: number;
}

export function applyAffine(map: Affine, point: Point): Point {
  return {
    x: map.xx * point.x + map.xy * point.y + map.x0,
    y: map.yx * point.x + map.yy * point.y + map.y0,
  };
}

/** The scale of the map: the square root of the area ratio. */
export function affineScale(map: Affine): number {
  return Math.sqrt(Math.abs(map.xx * map.yy - map.xy * map.yx));
}

/** The map that applies `inner` first, then `outer`. */
export function composeAffine(outer: Affine, inner: Affine): Affine {
  return {
    xx: outer.xx * inner.xx + outer.xy * inner.yx,
    xy: outer.xx * inner.xy + outer.xy * inner.yy,
    x0: outer.xx * inner.x0 + outer.xy * inner.y0 + outer.x0,
    yx: outer.yx * inner.xx + outer.yy * inner.yx,
    yy: outer.yx * inner.xy + outer.yy * inner.yy,
    y0: outer.yx * inner.x0 + outer.yy * inner.y0 + outer.y0,
  };
}

/** The map that leads back. `map` must not bring all points to one line. */
export function invertAffine({ xx, xy, x0, yx, yy, y0 }: Affine): Affine {
  const determinant = xx * yy - xy * yx;
  return {
    xx: yy / determinant,
    xy: -xy / determinant,
    x0: (xy * y0 - yy * x0) / determinant,
    yx: -yx / determinant,
    yy: xx / determinant,
    y0: (yx * x0 - xx * y0) / determinant,
  };
}

/** The map of the mirrored crop. `map` takes crop pixels to picture pixels; the crop is `widthPx` wide. */
export function mirrored(map: Affine, widthPx: number): Affine {
  return {
    ...map,
    xx: -map.xx,
    x0: map.x0 + map.xx * widthPx,
    yx: -map.yx,
    y0: map.y0 + map.yx * widthPx,
  };
}

/** Takes a crop of `widthPx` x `heightPx` to `box`, stretching as needed. */
export function boxToCrop(box: Box, widthPx: number, heightPx: number): Affine {
  return { xx: box.width / widthPx, xy: 0, x0: box.x, yx: 0, yy: box.height / heightPx, y0: box.y };
}

/**
 * Takes a square crop of `cropPx` to the square of side `sidePx` about `centre`, turned by `rollDeg` (positive:
 * the crop's x axis points clockwise of the picture's).
 */
export function squareToCrop(centre: Point, sidePx: number, rollDeg: number, cropPx: number): Affine {
  const scale = sidePx / cropPx;
  const angle = (rollDeg * Math.PI) / 180;
  const cos = scale * Math.cos(angle);
  const sin = scale * Math.sin(angle);
  const half = cropPx / 2;
  return {
    xx: cos,
    xy: -sin,
    x0: centre.x - cos * half + sin * half,
    yx: sin,
    yy: cos,
    y0: centre.y - sin * half - cos * half,
  };
}

/**
 * The similarity (turn, uniform scale, shift; no reflection) that takes `from` to `to` with the least sum of
 * squared distances (Umeyama, "Least-squares estimation of transformation parameters between two point
 * patterns", 1991; in the plane its solution is the complex quotient below). Needs at least two different points.
 */
export function fitSimilarity(from: readonly Point[], to: readonly Point[]): Affine {
  const fromMean = meanPoint(from);
  const toMean = meanPoint(to);
  let dot = 0;
  let cross = 0;
  let spread = 0;
  for (const [index, p] of from.entries()) {
    const q = to[index] ?? toMean;
    const [px, py] = [p.x - fromMean.x, p.y - fromMean.y];
    const [qx, qy] = [q.x - toMean.x, q.y - toMean.y];
    dot += px * qx + py * qy;
    cross += px * qy - py * qx;
    spread += px * px + py * py;
  }
  const cos = dot / spread;
  const sin = cross / spread;
  return {
    xx: cos,
    xy: -sin,
    x0: toMean.x - cos * fromMean.x + sin * fromMean.y,
    yx: sin,
    yy: cos,
    y0: toMean.y - sin * fromMean.x - cos * fromMean.y,
  };
}

/**
 * The affine map that takes `from` to `to` with the least sum of squared distances; undefined if all points of `from` are on
 * one line.
 */
export function fitAffine(from: readonly Point[], to: readonly Point[]): Affine | undefined {
  const fromMean = meanPoint(from);
  const toMean = meanPoint(to);
  let [pxx, pxy, pyy, qxx, qxy, qyx, qyy] = [0, 0, 0, 0, 0, 0, 0];
  for (const [index, p] of from.entries()) {
    const q = to[index] ?? toMean;
    const [px, py] = [p.x - fromMean.x, p.y - fromMean.y];
    const [qx, qy] = [q.x - toMean.x, q.y - toMean.y];
    pxx += px * px;
    pxy += px * py;
    pyy += py * py;
    qxx += qx * px;
    qxy += qx * py;
    qyx += qy * px;
    qyy += qy * py;
  }
  const determinant = pxx * pyy - pxy * pxy;
  if (!(determinant > leastSpread * (pxx + pyy) ** 2)) return undefined;
  const xx = (qxx * pyy - qxy * pxy) / determinant;
  const xy = (qxy * pxx - qxx * pxy) / determinant;
  const yx = (qyx * pyy - qyy * pxy) / determinant;
  const yy = (qyy * pxx - qyx * pxy) / determinant;
  return {
    ...{ xx, xy, x0: toMean.x - xx * fromMean.x - xy * fromMean.y },
    ...{ yx, yy, y0: toMean.y - yx * fromMean.x - yy * fromMean.y },
  };
}

/** Minimum distance of points from a common line, relative to their spread: well above rounding errors. */
const leastSpread = 1e-6;

function meanPoint(points: readonly Point[]): Point {
  let x = 0;
  let y = 0;
  for (const point of points) {
    x += point.x;
    y += point.y;
  }
  return { x: x / points.length, y: y / points.length };
}
