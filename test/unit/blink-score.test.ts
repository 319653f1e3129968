import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { detectionFigures, scoreBlinks } from '../../daemon/kernel/liveness/blink-score.js';

const truth = (blinks: readonly number[], ambiguous: readonly number[] = []) => ({ blinks, ambiguous });

describe('scoreBlinks', () => {
  test('counts a blink within the tolerance, the edge included', () => {
    assert.deepEqual(scoreBlinks([1.25, 3.26], truth([1, 3]), 0.25), {
      hits: 1,
      missed: [3],
      mistaken: [3.26],
    });
  });

  test('lets one found blink stand for one true blink only', () => {
    assert.equal(scoreBlinks([1], truth([0.9, 1.1]), 0.25).hits, 1);
    assert.deepEqual(scoreBlinks([0.9, 1.1], truth([1]), 0.25).mistaken.length, 1);
  });

  test('finds the pairing that includes all', () => {
    const { hits, missed, mistaken } = scoreBlinks([1.0, 1.3], truth([0.8, 1.1]), 0.25);
    assert.deepEqual([hits, missed, mistaken], [2, [], []]);
  });

  test('counts an ambiguous blink neither way', () => {
    assert.deepEqual(scoreBlinks([4.1], truth([], [4.02]), 0.25), { hits: 0, missed: [], mistaken: [] });
    assert.deepEqual(scoreBlinks([], truth([], [4.02]), 0.25), { hits: 0, missed: [], mistaken: [] });
  });

  test('accounts for every blink once', () => {
    const times = fc.array(fc.double({ min: 0, max: 20, noNaN: true }), { maxLength: 8 });
    fc.assert(
      fc.property(times, times, times, (found, blinks, ambiguous) => {
        const score = scoreBlinks(found, truth(blinks, ambiguous), 0.25);
        assert.equal(score.hits + score.missed.length, blinks.length);
        assert.ok(score.hits + score.mistaken.length <= found.length);
        if (ambiguous.length === 0) assert.equal(score.hits + score.mistaken.length, found.length);
      }),
    );
  });
});

describe('detectionFigures', () => {
  test('are precision, recall and their harmonic mean', () => {
    const { precision, recall, f1 } = detectionFigures(8, 2, 0);
    assert.deepEqual([precision, recall], [1, 0.8]);
    assert.ok(f1 !== undefined && Math.abs(f1 - (2 * 0.8) / 1.8) < 1e-12);
  });

  test('are undefined if there was nothing to find and nothing was found', () => {
    assert.deepEqual(detectionFigures(0, 0, 0), { precision: undefined, recall: undefined, f1: undefined });
  });
});
