import type { Box } from '../faces/geometry.js';
import { cellColumns, cellCount, cellRows } from './scene-motion.kernel.js';

/** Cells that are no further apart belong to one place: what moves is seldom seen to move everywhere. */
const reach = 2;
/** A place reaches so far beyond its cells, in cells: whoever moves a hand has a face above it. */
const margin = { sideways: 2, above: 4, below: 2 } as const;

const waiting = new Int32Array(cellCount);
const isTaken = new Uint8Array(cellCount);

/** The places of the cells that are not 0, in pixels of a picture. */
export function placesOf(cells: Uint8Array, widthPx: number, heightPx: number): readonly Box[] {
  const perColumn = widthPx / cellColumns;
  const perRow = heightPx / cellRows;
  const places: Box[] = [];
  isTaken.fill(0);
  for (let start = 0; start < cellCount; start++) {
    if (cells[start] === 0 || isTaken[start] === 1) continue;
    let [left, right, top, bottom] = [cellColumns, 0, cellRows, 0];
    let count = 0;
    waiting[count++] = start;
    isTaken[start] = 1;
    while (count > 0) {
      const at = waiting[--count]!;
      const column = at % cellColumns;
      const row = (at - column) / cellColumns;
      left = Math.min(left, column);
      right = Math.max(right, column + 1);
      top = Math.min(top, row);
      bottom = Math.max(bottom, row + 1);
      const lastRow = Math.min(cellRows - 1, row + reach);
      const lastColumn = Math.min(cellColumns - 1, column + reach);
      for (let nearRow = Math.max(0, row - reach); nearRow <= lastRow; nearRow++) {
        for (let nearColumn = Math.max(0, column - reach); nearColumn <= lastColumn; nearColumn++) {
          const near = nearRow * cellColumns + nearColumn;
          if (cells[near] === 0 || isTaken[near] === 1) continue;
          isTaken[near] = 1;
          waiting[count++] = near;
        }
      }
    }
    places.push({
      x: (left - margin.sideways) * perColumn,
      y: (top - margin.above) * perRow,
      width: (right - left + 2 * margin.sideways) * perColumn,
      height: (bottom - top + margin.above + margin.below) * perRow,
    });
  }
  return places;
}
