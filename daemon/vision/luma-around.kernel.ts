import type { Box } from '../kernel/faces/geometry.js';
import type { Rgb24Picture } from '../kernel/faces/picture.js';

/** Every so many pixels on either axis are looked at: a mean needs no more. */
const stepPx = 4;

/** Mean luma (BT.601) of the picture outside `box`, 0..255; that of the whole picture where the box covers all of it. */
export function lumaAround({ widthPx, heightPx, data }: Rgb24Picture, box: Box): number {
  let outside = 0;
  let outsideCount = 0;
  let inside = 0;
  let insideCount = 0;
  for (let y = 0; y < heightPx; y += stepPx) {
    const isRow = y >= box.y && y < box.y + box.height;
    for (let x = 0; x < widthPx; x += stepPx) {
      const at = 3 * (y * widthPx + x);
      const luma = 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!;
      if (isRow && x >= box.x && x < box.x + box.width) {
        inside += luma;
        insideCount += 1;
      } else {
        outside += luma;
        outsideCount += 1;
      }
    }
  }
  return outsideCount === 0 ? inside / Math.max(1, insideCount) : outside / outsideCount;
}
