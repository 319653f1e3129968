import type { Yuv420Picture } from '../kernel/faces/picture.js';
import { cellColumns, cellRows } from '../kernel/tracks/scene-motion.kernel.js';

/** About so many pixels of a cell are read on either axis: a mean needs no more. */
const readPerSide = 4;

/** The luma of black where luma begins at 16. */
const blackLuma = { limited: 16, full: 0 } as const;

const sums = new Uint32Array(cellColumns);
const lefts = new Uint32Array(cellColumns + 1);

/** Writes the mean luma of each cell of the picture above black into `cells`. */
export function readLumaCells({ data, widthPx, heightPx, range }: Yuv420Picture, cells: Float32Array): void {
  const stepX = Math.max(1, Math.floor(widthPx / cellColumns / readPerSide));
  const stepY = Math.max(1, Math.floor(heightPx / cellRows / readPerSide));
  for (let column = 0; column <= cellColumns; column++) {
    lefts[column] = Math.floor((column * widthPx) / cellColumns);
  }
  const black = blackLuma[range];
  for (let row = 0; row < cellRows; row++) {
    const top = Math.floor((row * heightPx) / cellRows);
    const bottom = Math.max(top + 1, Math.floor(((row + 1) * heightPx) / cellRows));
    sums.fill(0);
    for (let y = top; y < bottom; y += stepY) addLine(data, y * widthPx, stepX);
    const lines = Math.ceil((bottom - top) / stepY);
    for (let column = 0; column < cellColumns; column++) {
      const pixels = lines * Math.ceil(Math.max(1, lefts[column + 1]! - lefts[column]!) / stepX);
      cells[row * cellColumns + column] = Math.max(0, sums[column]! / pixels - black);
    }
  }
}

function addLine(data: Uint8Array, line: number, stepX: number): void {
  for (let column = 0; column < cellColumns; column++) {
    const left = line + lefts[column]!;
    const right = Math.max(left + 1, line + lefts[column + 1]!);
    let sum = 0;
    for (let at = left; at < right; at += stepX) sum += data[at]!;
    sums[column]! += sum;
  }
}
