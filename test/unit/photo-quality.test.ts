import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { outsideShare } from '../../daemon/kernel/faces/geometry.js';
import { judgePhoto } from '../../daemon/kernel/faces/photo-quality.js';
import type { QualityReason } from '../../daemon/kernel/faces/quality.js';

const judged = (reasons: readonly QualityReason[], widthPx: number, outside: number) =>
  judgePhoto({ score: 0.4, reasons }, { widthPx, outsideShare: outside });

describe('the quality of a photograph', () => {
  test('warns about a small face and refuses one below 36 pixels', () => {
    assert.deepEqual(judged(['too-small'], 36, 0), { score: 0.4, reasons: [], warnings: ['too-small'] });
    assert.deepEqual(judged(['too-small'], 35, 0).reasons, ['too-small']);
  });

  test('warns about a cut-off face and refuses one with more than 40 % outside', () => {
    assert.deepEqual(judged(['cut-off'], 90, 0.4).warnings, ['cut-off']);
    assert.deepEqual(judged(['cut-off'], 90, 0.41), { score: 0.4, reasons: ['cut-off'], warnings: [] });
  });

  test('tolerates no other fault, and keeps both lists in order', () => {
    const both = judged(['too-small', 'cut-off', 'blurred', 'occluded'], 50, 0.3);
    assert.deepEqual(both.reasons, ['blurred', 'occluded']);
    assert.deepEqual(both.warnings, ['too-small', 'cut-off']);
    assert.deepEqual(judged([], 200, 0), { score: 0.4, reasons: [], warnings: [] });
  });

  test('measures how much of a box lies outside the picture', () => {
    assert.equal(outsideShare({ x: 0, y: 0, width: 100, height: 100 }, 100, 100), 0);
    assert.equal(outsideShare({ x: -25, y: 0, width: 100, height: 100 }, 100, 100), 0.25);
    assert.equal(outsideShare({ x: 200, y: 0, width: 10, height: 10 }, 100, 100), 1);
  });
});
