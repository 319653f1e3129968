import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Yuv420Picture } from '../../daemon/kernel/faces/picture.js';
import { cellColumns, cellCount, cellRows } from '../../daemon/kernel/tracks/scene-motion.kernel.js';
import { readLumaCells } from '../../daemon/vision/luma-cells.kernel.js';

const side = 8;
const widthPx = side * cellColumns;
const heightPx = side * cellRows;

function cellsOf(lumaAt: (x: number, y: number) => number): Float32Array {
  const data = new Uint8Array((widthPx * heightPx * 3) / 2);
  for (let y = 0; y < heightPx; y += 1) {
    for (let x = 0; x < widthPx; x += 1) data[y * widthPx + x] = lumaAt(x, y);
  }
  const cells = new Float32Array(cellCount);
  readLumaCells({ data, widthPx, heightPx, range: 'full' } as Yuv420Picture, cells);
  return cells;
}

test('a cell that is half dark and half bright has the luma between, whichever half is bright', () => {
  for (const isBright of [
    (x: number, _y: number) => x % side < side / 2,
    (_x: number, y: number) => y % side < side / 2,
    (_x: number, y: number) => y % side >= side / 2,
  ]) {
    const cells = cellsOf((x, y) => (isBright(x, y) ? 200 : 40));
    assert.deepEqual([...new Set(cells)], [120]);
  }
});

test('a bright cell does not brighten the cells around it', () => {
  const cells = cellsOf((x, y) => (x < side && y >= heightPx - side ? 200 : 0));
  const lit = [...cells.entries()].filter(([, luma]) => luma > 0);
  assert.deepEqual(lit, [[(cellRows - 1) * cellColumns, 200]]);
});
