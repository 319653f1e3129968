import type { Box } from '../kernel/faces/geometry.js';
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

/** How far a person reaches around the face, in widths and heights of its box. */
const body = { sideways: 2, above: 1, below: 8 } as const;

/** Marks the cells of the people below these faces with 1, and all others with 0. */
export function markPeople(faces: readonly Box[], picture: Yuv420Picture, isPerson: Uint8Array): void {
  isPerson.fill(0);
  const perX = cellColumns / picture.widthPx;
  const perY = cellRows / picture.heightPx;
  for (let index = 0; index < faces.length; index++) {
    const { x, y, width, height } = faces[index]!;
    const left = Math.max(0, Math.floor((x - body.sideways * width) * perX));
    const right = Math.min(cellColumns, Math.ceil((x + (1 + body.sideways) * width) * perX));
    const top = Math.max(0, Math.floor((y - body.above * height) * perY));
    const bottom = Math.min(cellRows, Math.ceil((y + (1 + body.below) * height) * perY));
    for (let row = top; row < bottom; row++) {
      for (let column = left; column < right; column++) isPerson[row * cellColumns + column] = 1;
    }
  }
}
