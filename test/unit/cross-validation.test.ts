import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { crossValidate } from '../../daemon/kernel/identification/cross-validation.js';
import { wilsonInterval } from '../../daemon/kernel/identification/error-rates.js';

/** A photograph whose embedding points to an angle in a plane: the cosine of two is that of the angle between them. */
const sample = (degrees: number) => ({
  embedding: Float32Array.of(Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180)),
  isEnrollable: true,
});
const cosine = (degrees: number): number => Math.cos((degrees * Math.PI) / 180);
const people = [0, 90, 180, 270].map((at) => ({
  name: `${at}`,
  samples: [sample(at), sample(at + 1), sample(at + 2)],
}));
const stranger = (name: string, degrees: number) => ({ name, ...sample(degrees) });
const options = { folds: 2, references: 1, splits: 3, targetFpir: 0, margin: 0.01 };

describe('cross-validation', () => {
  test('a threshold is measured on people and strangers that had no part in its choice', () => {
    // The first stranger is 10 degrees from a person, the second far from all: each is in a part of their own.
    const { folds, ...pooled } = crossValidate(people, [stranger('near', 12), stranger('far', 40)], options);
    assert.deepEqual(
      folds.map(({ people: known, strangers, fpir, fnir }) => [known, strangers, fpir, fnir]),
      [
        [2, 1, 1, 0],
        [2, 1, 0, 0],
      ],
    );
    const [first, second] = folds.map(({ threshold }) => threshold);
    // Chosen on the far stranger and the people at 90 and 270 degrees; on the near one and those at 0 and 180.
    assert.ok(Math.abs((first ?? 0) - cosine(50)) < 1e-5, `${first}`);
    assert.ok(Math.abs((second ?? 0) - cosine(10)) < 1e-5, `${second}`);
    assert.deepEqual([pooled.fpir, pooled.fnir, pooled.people, pooled.strangers], [0.5, 0, 4, 2]);
    assert.deepEqual(pooled.fpirInterval, wilsonInterval(0.5, 2));
    assert.deepEqual(pooled.fnirInterval, wilsonInterval(0, 4));
  });

  test('photographs of one stranger are never on both sides', () => {
    const twice = [stranger('near', 12), stranger('near', 13), stranger('far', 40)];
    const { folds, strangers } = crossValidate(people, twice, options);
    assert.deepEqual([strangers, folds.map(({ fpir }) => fpir)], [2, [1, 0]]);
  });

  test('the margin refuses a stranger between two people, whatever the threshold', () => {
    const between = [stranger('a', 46), stranger('b', 136)];
    const { folds, fpir } = crossValidate(people, between, { ...options, margin: 0.2 });
    assert.equal(fpir, 0);
    assert.ok(folds.every(({ fnir }) => fnir === 0));
  });

  test('a photograph without a face counts as missed', () => {
    const blind = { embedding: undefined, isEnrollable: false };
    const known = [...people.slice(1), { name: 'blind', samples: [sample(0), sample(1), blind] }];
    const { fnir } = crossValidate(known, [stranger('near', 12), stranger('far', 40)], options);
    assert.ok(fnir > 0 && fnir < 0.3, `${fnir}`);
  });
});
