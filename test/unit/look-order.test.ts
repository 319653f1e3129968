import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { chooseLooks } from '../../daemon/domain/tracks/look-order.js';

describe('chooseLooks', () => {
  test('looks at everybody while there are places', () => {
    const faces = [10, 20, 30].map((widthPx) => ({ widthPx, lastLookedMs: undefined }));
    assert.deepEqual(chooseLooks(faces, 3), [0, 1, 2]);
    assert.deepEqual(chooseLooks(faces, 0), []);
  });

  test('in a crowd, looks at the largest always and at everybody else in turn', () => {
    const crowd = Array.from({ length: 40 }, (_, n) => ({ widthPx: 40 + n, lastLookedMs: -1 }));
    const looks = new Map<number, number>();
    for (let frame = 0; frame < 9; frame++) {
      const chosen = chooseLooks(crowd, 8);
      assert.equal(chosen.length, 8);
      for (const index of chosen) {
        crowd[index] = { widthPx: 40 + index, lastLookedMs: frame };
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
    const face = (widthPx: number, lastLookedMs?: number) => ({ widthPx, lastLookedMs });
    const faces = [face(50, 100), face(90, 300), face(60, 100), face(80, 300), face(40), face(60, 100)];
    assert.deepEqual(chooseLooks(faces, 3), [1, 3, 4]);
    assert.deepEqual(chooseLooks(faces, 4), [1, 2, 3, 4], 'of equals the first');
    assert.deepEqual(chooseLooks(faces, 5), [1, 2, 3, 4, 5]);
    assert.deepEqual(chooseLooks(faces, 6), [0, 1, 2, 3, 4, 5]);
  });
});
