import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Embedding,
  similarityOf,
  similarityToPerson,
  templatesOf,
} from '../../daemon/kernel/identification/match.js';

const unit = (...values: readonly number[]): Embedding => {
  const length = Math.hypot(...values);
  return Float32Array.from(values, (value) => value / length);
};
const isNear = (found: number | undefined, wanted: number): boolean => Math.abs((found ?? 2) - wanted) < 1e-6;

describe('what a face is compared with', () => {
  test('is the references and the direction of their mean', () => {
    const references = [unit(1, 0.5, 0), unit(1, -0.5, 0), unit(1, 0, 0)];
    const templates = templatesOf(references);
    assert.deepEqual(templates.slice(0, 3), references);
    assert.ok(templates[3]?.every((value, axis) => isNear(value, axis === 0 ? 1 : 0)));
  });

  test('is a single reference as it is, and nothing without one', () => {
    const one = [unit(1, 2, 3)];
    assert.equal(templatesOf(one), one);
    assert.deepEqual(templatesOf([]), []);
    assert.equal(similarityToPerson(unit(1, 2, 3), []), -1);
  });

  test('has no mean of references that point away from each other', () => {
    const opposites = [unit(1, 2, 3), unit(-1, -2, -3)];
    assert.equal(templatesOf(opposites), opposites);
    assert.ok(isNear(similarityToPerson(unit(1, 2, 3), opposites), 1));
  });

  test('is nearer to a view between the references than each of them, and no further from a view at one', () => {
    const references = [unit(1, 0.6, 0.6), unit(1, -0.6, 0.6), unit(1, 0, -0.6)];
    const between = unit(1, 0, 0.2);
    const nearest = Math.max(...references.map((reference) => similarityOf(reference, between)));
    assert.ok(similarityToPerson(between, references) > nearest + 0.1);
    for (const reference of references) assert.ok(isNear(similarityToPerson(reference, references), 1));
  });
});
