import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ANCHOR_STRIDE, ssdAnchors } from '../../daemon/kernel/faces/ssd-anchors.js';

/** Cells along one side of the six maps. */
function cells(sizePx: number): readonly number[] {
  const sides = [16, 32, 64, 128, 256, 512].map(() => 0);
  let side = sizePx;
  for (let halving = 0; halving < 4; halving++) side = Math.ceil(side / 2);
  return sides.map((_, map) => {
    if (map > 0) side = Math.ceil(side / 2);
    return side;
  });
}

describe('anchors of the SSD detector', () => {
  test('5118 at the size the network was trained at, the first a square of a tenth of it', () => {
    const anchors = ssdAnchors(512, 512);
    assert.equal(anchors.length / ANCHOR_STRIDE, 5118);
    assert.deepEqual(
      [...anchors.subarray(0, 4)].map((value) => Math.round(value * 1000) / 1000),
      [8, 8, 51.2, 51.2],
    );
  });

  test('three to a cell of the finest map, six to every other, whatever the size', () => {
    const sizes = fc.integer({ min: 1, max: 700 });
    fc.assert(
      fc.property(sizes, sizes, (widthPx, heightPx) => {
        const [columns, rows] = [cells(widthPx), cells(heightPx)];
        const count = columns.reduce((sum, c, map) => sum + c * (rows[map] ?? 0) * (map === 0 ? 3 : 6), 0);
        assert.equal(ssdAnchors(widthPx, heightPx).length, count * ANCHOR_STRIDE);
      }),
      { numRuns: 30 },
    );
  });

  test('sizes do not depend on the picture; only where cells lie does', () => {
    const [wide, square] = [ssdAnchors(512, 288), ssdAnchors(512, 512)];
    const finest = 32 * 18 * 3 * ANCHOR_STRIDE;
    assert.deepEqual(wide.subarray(0, finest), square.subarray(0, finest));
  });
});
