import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { selectFits } from '../../daemon/kernel/tracks/frame-schedule.js';

describe('selectFits', () => {
  test('looks at every face while places are free', () => {
    const faces = [10, 20, 30].map((widthPx) => ({ widthPx, lastFitMs: undefined }));
    assert.deepEqual(selectFits(faces, 3), [0, 1, 2]);
    assert.deepEqual(selectFits(faces, 0), []);
  });

  test('in a crowd, always looks at the largest face and at the others in turn', () => {
    const crowd = Array.from({ length: 40 }, (_, n) => ({ widthPx: 40 + n, lastFitMs: -1 }));
    const looks = new Map<number, number>();
    for (let frame = 0; frame < 9; frame++) {
      const chosen = selectFits(crowd, 8);
      assert.equal(chosen.length, 8);
      for (const index of chosen) {
        crowd[index] = { widthPx: 40 + index, lastFitMs: frame };
        looks.set(index, (looks.get(index) ?? 0) + 1);
      }
    }
    assert.deepEqual(
      [36, 37, 38, 39].map((index) => looks.get(index)),
      [9, 9, 9, 9],
    );
    assert.equal(looks.size, 40);
    assert.ok([...looks].every(([index, count]) => index >= 36 || count === 1));
  });

  test('gives the odd place to the largest, and the others to those who waited longest, then to the larger', () => {
    const face = (widthPx: number, lastFitMs?: number) => ({ widthPx, lastFitMs });
    const faces = [face(50, 100), face(90, 300), face(60, 100), face(80, 300), face(40), face(60, 100)];
    assert.deepEqual(selectFits(faces, 3), [1, 3, 4]);
    assert.deepEqual(selectFits(faces, 4), [1, 2, 3, 4], 'of equals the first');
    assert.deepEqual(selectFits(faces, 5), [1, 2, 3, 4, 5]);
    assert.deepEqual(selectFits(faces, 6), [0, 1, 2, 3, 4, 5]);
  });
});
