import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Embedding } from '../../daemon/kernel/identification/match.js';
import {
  bestSeparations,
  doesSeparate,
  measurePoint,
  type Separation,
  separationOf,
} from '../../daemon/kernel/identification/separation.js';

/** The same numbers at every run, -1..1. */
function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
}

function unit(values: readonly number[]): Embedding {
  const length = Math.hypot(...values);
  return Float32Array.from(values, (value) => value / length);
}

/** `people` persons with `photographs` embeddings each. `own`: how much a photograph is like its person, 0 to 1. */
function people(count: number, photographs: number, own: number): readonly (readonly Embedding[])[] {
  const random = numbers(7);
  const vector = () => Array.from({ length: 64 }, random);
  return Array.from({ length: count }, () => {
    const person = vector();
    return Array.from({ length: photographs }, () => {
      const noise = vector();
      return unit(person.map((value, index) => own * value + (1 - own) * (noise[index] ?? 0)));
    });
  });
}

const found = (decidability: number): Separation => ({
  ...{ genuine: 5, impostor: 40, decidability, equalErrorRate: 0 },
});

describe('the separation of a recogniser', () => {
  test('is wide for embeddings that resemble their person, and none for noise', () => {
    const good = separationOf(people(8, 2, 0.7));
    const noise = separationOf(people(8, 2, 0));
    assert.ok(good && noise);
    assert.deepEqual([good.genuine, good.impostor], [8, 112]);
    assert.ok(good.decidability > 4 && good.equalErrorRate === 0, JSON.stringify(good));
    assert.ok(Math.abs(noise.decidability) < 1 && noise.equalErrorRate > 0.2, JSON.stringify(noise));
    assert.deepEqual([doesSeparate(good), doesSeparate(noise)], [true, false]);
  });

  test('is none for a network that gives every face the same embedding', () => {
    const same = separationOf(Array.from({ length: 6 }, () => [unit([1, 2]), unit([1, 2])]));
    assert.ok(same && !doesSeparate(same));
    assert.ok(Math.abs(same.decidability) < 1e-3);
    assert.equal(same.equalErrorRate, 1);
  });

  test('is unknown when the network gave no usable numbers for a photograph', () => {
    const [first = [], ...others] = people(6, 2, 0.7);
    assert.equal(separationOf([[first[0], undefined], ...others]), undefined);
  });

  test('needs both few errors and distance', () => {
    assert.ok(doesSeparate({ ...found(3), equalErrorRate: 0.07 }));
    assert.ok(!doesSeparate({ ...found(2.9), equalErrorRate: 0 }));
    assert.ok(!doesSeparate({ ...found(6), equalErrorRate: 0.08 }));
  });

  test('orders preparations by distance, and takes the more usual one of equal ones first', () => {
    const reached = [found(5.601), found(5.604), undefined, found(0.5), found(6.3)];
    assert.deepEqual(bestSeparations(reached, 3), [4, 0, 1]);
    assert.deepEqual(bestSeparations([undefined], 3), []);
  });
});

describe('the operating point that is measured on the spot', () => {
  const labelled = (own: number, count = 12) =>
    people(count, 4, own).map((embeddings, index) => ({
      name: `person-${index}`,
      samples: embeddings.map((embedding) => ({ embedding, isEnrollable: true })),
    }));

  test('lies above the people who were left out, and recognises the others', () => {
    const point = measurePoint(labelled(0.7), { targetFpir: 0.01, margin: 0.05 });
    assert.deepEqual([point.people, point.references], [12, 3]);
    assert.ok(point.threshold > 0.3 && point.threshold < 0.7, String(point.threshold));
    assert.equal(point.rates.fpir, 0);
    assert.equal(point.rates.fnir, 0);
    assert.ok(point.matedSearches > 0 && point.nonMatedSearches > 0);
  });

  test('is stricter for a smaller share of strangers', () => {
    const at = (targetFpir: number) => measurePoint(labelled(0.7), { targetFpir, margin: 0.05 }).threshold;
    assert.ok(at(0.001) > at(0.01) && at(0.01) > at(0.1));
  });

  test('lies above every look-alike if the target allows none of the searches', () => {
    const [twin, ...others] = labelled(0.7, 10);
    assert.ok(twin);
    const alike = [twin, { name: 'twin', samples: labelled(0.7, 1)[0]?.samples ?? [] }, ...others];
    const { threshold, rates } = measurePoint(alike, { targetFpir: 0.01, margin: 0 });
    assert.equal(threshold, 0.999);
    assert.equal(rates.fnir, 1);
  });
});
