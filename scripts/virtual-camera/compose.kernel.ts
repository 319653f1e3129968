import type { Affine } from '../../daemon/kernel/faces/affine.js';
import type { Planes } from './planes.kernel.js';

/** A frame of the clip: one yuv420p buffer, even sizes. */
export interface FrameBuffer {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly data: Uint8Array;
}

/** What is laid over a frame. */
export interface Cutout {
  readonly planes: Planes;
  /** Opacity of each pixel, 0..255. */
  readonly alpha: Uint8Array;
}

/**
 * Lays the cutout over the frame where the map from frame pixels to cutout pixels puts it: bilinear for the
 * picture, nearest for the opacity, which is smooth. Touches nothing but the rectangle the cutout covers.
 */
export function layOver(frame: FrameBuffer, cutout: Cutout, frameToCutout: Affine): void {
  const bounds = coveredRectangle(frame, cutout.planes, frameToCutout);
  const area = frame.widthPx * frame.heightPx;
  const half = frame.widthPx >> 1;
  blend(frame.data, 0, frame.widthPx, cutout, cutout.planes.y, frameToCutout, bounds, 1);
  blend(frame.data, area, half, cutout, cutout.planes.u, frameToCutout, bounds, 2);
  blend(frame.data, area + (area >> 2), half, cutout, cutout.planes.v, frameToCutout, bounds, 2);
}

interface Rectangle {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** Frame pixels, even numbers, that the corners of the cutout enclose. */
function coveredRectangle(frame: FrameBuffer, planes: Planes, map: Affine): Rectangle {
  const determinant = map.xx * map.yy - map.xy * map.yx;
  let [left, top, right, bottom] = [frame.widthPx, frame.heightPx, 0, 0];
  for (const cornerX of [0, planes.widthPx]) {
    for (const cornerY of [0, planes.heightPx]) {
      const [dx, dy] = [cornerX - map.x0, cornerY - map.y0];
      const x = (map.yy * dx - map.xy * dy) / determinant;
      const y = (map.xx * dy - map.yx * dx) / determinant;
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  }
  return {
    left: Math.max(0, Math.floor(left / 2) * 2),
    top: Math.max(0, Math.floor(top / 2) * 2),
    right: Math.min(frame.widthPx, Math.ceil(right / 2) * 2),
    bottom: Math.min(frame.heightPx, Math.ceil(bottom / 2) * 2),
  };
}

/** One plane of the frame, whose pixels are `step` frame pixels wide and high. */
function blend(
  data: Uint8Array,
  offset: number,
  stride: number,
  cutout: Cutout,
  source: Uint8Array,
  map: Affine,
  bounds: Rectangle,
  step: number,
): void {
  const { widthPx, heightPx } = cutout.planes;
  const alpha = cutout.alpha;
  const lastX = widthPx - 1;
  const lastY = heightPx - 1;
  const stepX = map.xx * step;
  const stepY = map.yx * step;
  const columns = (bounds.right - bounds.left) / step;
  for (let y = bounds.top; y < bounds.bottom; y += step) {
    const frameX = bounds.left + step / 2;
    const frameY = y + step / 2;
    let sx = map.xx * frameX + map.xy * frameY + map.x0 - 0.5;
    let sy = map.yx * frameX + map.yy * frameY + map.y0 - 0.5;
    let at = offset + (y / step) * stride + bounds.left / step;
    for (let column = 0; column < columns; column++, at++, sx += stepX, sy += stepY) {
      if (sx < 0 || sy < 0 || sx >= lastX || sy >= lastY) continue;
      const x0 = sx | 0;
      const y0 = sy | 0;
      const first = y0 * widthPx + x0;
      const opacity = alpha[first]!;
      if (opacity === 0) continue;
      const fx = sx - x0;
      const fy = sy - y0;
      const above = source[first]! + (source[first + 1]! - source[first]!) * fx;
      const second = first + widthPx;
      const below = source[second]! + (source[second + 1]! - source[second]!) * fx;
      const value = above + (below - above) * fy;
      const under = data[at]!;
      data[at] = opacity === 255 ? value + 0.5 : under + ((value - under) * opacity) / 255 + 0.5;
    }
  }
}
