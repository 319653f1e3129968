import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  inseparablePairs,
  likenesses,
  trackSimilarity,
} from '../../daemon/domain/identification/calibration.js';
import type { Embedding } from '../../daemon/domain/identification/match.js';
import { personId } from '../../daemon/domain/ids.js';

/** A unit vector in a plane: the cosine of two is that of the difference of their angles. */
const at = (degrees: number, axis = 0): Embedding => {
  const vector = new Float32Array(32);
  vector[axis * 2] = Math.cos((degrees * Math.PI) / 180);
  vector[axis * 2 + 1] = Math.sin((degrees * Math.PI) / 180);
  return vector;
};

const ada = personId('ada');
const grace = personId('grace');
const mary = personId('mary');
const policy = { threshold: 0.9, margin: 0.02 };

describe('pairs that cannot be told apart', () => {
  it('names two persons whose references lie as near to each other as to their own', () => {
    const persons = likenesses([
      { personId: ada, references: [at(0), at(8), at(16)] },
      { personId: grace, references: [at(4), at(12), at(20)] },
      { personId: mary, references: [at(0, 1), at(8, 1), at(16, 1)] },
    ]);
    const [pair, ...rest] = inseparablePairs(persons, policy);
    assert.deepEqual(rest, []);
    assert.deepEqual([pair?.a, pair?.b], [ada, grace]);
    assert.ok(pair && pair.similarity > 0.99 && pair.similarity <= 1);
  });

  it('names no pair whose own references are nearer by the margin, though both reach the threshold', () => {
    const persons = likenesses([
      { personId: ada, references: [at(0), at(1), at(2)] },
      { personId: grace, references: [at(22), at(23), at(24)] },
    ]);
    assert.ok((persons[0]?.neighbours[0]?.similarity ?? 0) > policy.threshold);
    assert.deepEqual(inseparablePairs(persons, policy), []);
  });

  it('names no pair that stays under the threshold, however far apart the own references are', () => {
    const persons = likenesses([
      { personId: ada, references: [at(0), at(60)] },
      { personId: grace, references: [at(30), at(90)] },
    ]);
    assert.deepEqual(inseparablePairs(persons, policy), []);
  });

  it('takes a person with one reference for a typical person of the gallery', () => {
    const alike = [
      { personId: ada, references: [at(0)] },
      { personId: grace, references: [at(20)] },
    ];
    assert.equal(inseparablePairs(likenesses(alike), policy).length, 1);
    const steady = { personId: mary, references: [at(0, 1), at(1, 1), at(2, 1)] };
    assert.deepEqual(inseparablePairs(likenesses([...alike, steady]), policy), []);
  });

  it('works where strangers are far apart: cosines around 0', () => {
    const persons = likenesses([
      { personId: ada, references: [at(0), at(45)] },
      { personId: grace, references: [at(20), at(65)] },
      { personId: mary, references: [at(0, 1), at(45, 1)] },
    ]);
    const pairs = inseparablePairs(persons, { threshold: 0.55, margin: 0.05 });
    assert.deepEqual(
      pairs.map(({ a, b }) => [a, b]),
      [[ada, grace]],
    );
  });
});

describe('what a track would reach', () => {
  it('is the mean over the visitor of the nearest reference', () => {
    const similarity = trackSimilarity([at(0), at(90)], [at(60), at(0)]);
    assert.ok(Math.abs(similarity - (Math.cos(Math.PI / 6) + 1) / 2) < 1e-6);
    assert.equal(trackSimilarity([], [at(0)]), -1);
  });
});
