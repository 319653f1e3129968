import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { normalDeviate } from '../../daemon/kernel/identification/error-rates.js';
import type { LabelledPerson, Sample } from '../../daemon/kernel/identification/identification-trial.js';
import { fitPareto, fitTail } from '../../daemon/kernel/identification/score-tail.js';
import {
  detCurve,
  estimateSite,
  ratesAtSize,
  siteScores,
} from '../../daemon/kernel/identification/site-size.js';

/** The quantiles of a distribution at evenly spaced probabilities: a sample without chance. */
function quantiles(count: number, quantile: (probability: number) => number): Float64Array {
  return Float64Array.from({ length: count }, (_, index) => quantile((index + 0.5) / count));
}

function assertNear(actual: number, expected: number, tolerance: number): void {
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual}, expected ${expected}`);
}

describe('the normal deviate', () => {
  test('agrees with the tables of the normal distribution', () => {
    for (const [share, deviate] of [
      [0.5, 0],
      [0.841345, 1],
      [0.025, -1.959964],
      [0.001, -3.090232],
      [0.99, 2.326348],
    ] as const) {
      assertNear(normalDeviate(share), deviate, 5e-4);
    }
  });
});

describe('the tail of scores', () => {
  test('the fit finds the shape and the scale of known distributions', () => {
    const exponential = fitPareto(quantiles(2000, (p) => -2 * Math.log(1 - p)));
    assertNear(exponential.shape, 0, 0.01);
    assertNear(exponential.scale, 2, 0.02);
    // Uniform on 0..1 is the generalised Pareto distribution of shape -1.
    const uniform = fitPareto(quantiles(2000, (p) => p));
    assertNear(uniform.shape, -1, 0.01);
    assertNear(uniform.scale, 1, 0.01);
    const heavy = fitPareto(quantiles(20_000, (p) => ((1 - p) ** -0.25 - 1) / 0.25));
    assertNear(heavy.shape, 0.25, 0.02);
    assertNear(heavy.scale, 1, 0.02);
  });

  test('continues beyond the end of the sample', () => {
    // Scores that fall off exponentially: one in 22,026 reaches 0.5, five times as many as one in the sample of 5,000.
    const tail = fitTail(quantiles(5000, (p) => -0.05 * Math.log(1 - p)));
    assertNear(Math.log(tail.survival(0.5)), -10, 0.5);
    assert.equal(tail.survival(1.01), 0);
  });

  test('is never less than the counted share, and its quantile is its inverse', () => {
    const tail = fitTail(Float64Array.of(...quantiles(990, (p) => p / 5), ...Array(10).fill(0.9)));
    assert.ok(tail.survival(0.9) >= 0.01);
    for (const probability of [0.5, 0.04, 0.02, 1e-3, 1e-5]) {
      const score = tail.quantile(probability);
      assert.ok(tail.survival(score - 1e-9) >= probability * 0.999, `${probability}`);
    }
  });

  test('gives a value for samples that are empty, tiny or all equal', () => {
    assert.equal(fitTail(Float64Array.of()).survival(0.5), 0);
    const alike = fitTail(Float64Array.of(0.3, 0.3, 0.3));
    assert.deepEqual([alike.survival(0.3), alike.survival(0.31), alike.quantile(0.001)], [1, 0, 0.3]);
  });
});

describe('rates at the size of a gallery', () => {
  /** Strangers' scores are uniform on 0..1. */
  const nonMated = {
    survival: (t: number) => Math.min(1, Math.max(0, 1 - t)),
    quantile: (p: number) => 1 - p,
  };
  const scored = (...scores: readonly number[]) => ({
    nonMated,
    mated: scores.map((score) => ({ mean: score, voted: score })),
  });

  test('without a margin FPIR is the chance that one of N independent comparisons matches', () => {
    const at = (persons: number) => ratesAtSize(scored(1), { threshold: 0.999, margin: 0 }, persons).fpir;
    assertNear(at(1), 0.001, 1e-9);
    assertNear(at(100), 0.0952, 1e-4);
    assertNear(at(1000), 0.6323, 1e-4);
    assertNear(at(10_000), 0.99995, 1e-5);
  });

  test('the margin refuses a match if a second person is as near', () => {
    // The integral of N (s - m)^(N-1) over s from t to 1: (1 - m)^N - (t - m)^N.
    const { fpir } = ratesAtSize(scored(1), { threshold: 0.9, margin: 0.1 }, 10);
    assertNear(fpir, 0.9 ** 10 - 0.8 ** 10, 1e-3);
  });

  test('FNIR counts scores under the threshold and those with another person too near', () => {
    const { fnir } = ratesAtSize(scored(0.4, 0.9), { threshold: 0.5, margin: 0.1 }, 5);
    assertNear(fnir, 1 - 0.8 ** 4 / 2, 1e-9);
  });

  test('a track without the votes of most of its views is missed', () => {
    const mated = [{ mean: 0.6, voted: 0.4 }];
    assert.equal(ratesAtSize({ nonMated, mated }, { threshold: 0.5, margin: 0 }, 1).fnir, 1);
  });

  test('more persons and a lower threshold never lower FPIR without a margin', () => {
    const sizes = fc.integer({ min: 1, max: 10_000 });
    const thresholds = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(sizes, sizes, thresholds, thresholds, (n, more, t, lower) => {
        const at = (persons: number, threshold: number) =>
          ratesAtSize(scored(), { threshold, margin: 0 }, persons).fpir;
        assert.ok(at(Math.max(n, more), Math.min(t, lower)) >= at(Math.min(n, more), Math.max(t, lower)));
      }),
    );
  });
});

/** An embedding at an angle; every collection below lies on one circle. */
function sample(angleDeg: number): Sample {
  const angle = (angleDeg * Math.PI) / 180;
  return { embedding: Float32Array.of(Math.cos(angle), Math.sin(angle)), isEnrollable: true };
}

const lost: Sample = { embedding: undefined, isEnrollable: false };

describe('scores of a collection', () => {
  const people: readonly LabelledPerson[] = [
    { name: 'first', samples: [sample(0), sample(10), sample(20)] },
    { name: 'second', samples: [sample(90), sample(100), sample(110)] },
  ];
  const trial = { references: 1, splits: 3 };

  test('of single photographs come from strangers and from known people as strangers to each other', () => {
    const scores = siteScores(people, [sample(200), lost], { ...trial, views: 1 });
    // 3 splits of 2 people with 2 probes against one other person, and of one stranger against two.
    assert.deepEqual([scores.mated.length, scores.nonMatedCount], [12, 3 * 2 * 2 + 3 * 2]);
    assert.deepEqual([scores.strangers, scores.pairs, scores.matedPeople], [1, 3, 2]);
  });

  test('a track is the mean over its views, and single photographs of strangers make none', () => {
    const scores = siteScores(people, [sample(200)], { ...trial, views: 2 });
    assert.deepEqual([scores.mated.length, scores.nonMatedCount, scores.pairs], [6, 6, 1]);
    const [first] = scores.mated;
    const cosine = (angleDeg: number) => Math.cos((angleDeg * Math.PI) / 180);
    assertNear(first?.mean ?? 0, (cosine(10) + cosine(20)) / 2, 1e-6);
    // Two votes are more than half of two: the weaker view decides.
    assertNear(first?.voted ?? 0, cosine(20), 1e-6);
  });

  test('photographs without a face are missed and resemble no person', () => {
    const blind = [people[0], { name: 'blind', samples: [sample(90), lost, lost] }].flatMap(
      (one) => one ?? [],
    );
    const scores = siteScores(blind, [lost], { references: 1, splits: 1, views: 1 });
    assert.deepEqual(
      scores.mated.map(({ mean }) => mean === Number.NEGATIVE_INFINITY),
      [false, false, true, true],
    );
    assert.equal(scores.nonMatedCount, 2);
    assertNear(ratesAtSize(scores, { threshold: 0.5, margin: 0 }, 2).fnir, 0.5, 0.01);
  });

  test('a sample without one mistake still bounds FPIR from above', () => {
    const scores = siteScores(people, [], { ...trial, views: 1 });
    const estimate = estimateSite(scores, { threshold: 0.99, margin: 0, minimumProbes: 1 }, 100);
    assert.ok(estimate.fpir < 0.5, `${estimate.fpir}`);
    assert.ok(estimate.fpirAtMost > 0.99, 'one pair of people tells next to nothing');
  });

  test('one rate falls along the curve of errors while the other rises', () => {
    const curve = detCurve(siteScores(people, [sample(200)], { ...trial, views: 1 }), 0, 100);
    assert.ok(curve.every(({ fpir }, at) => at === 0 || fpir <= (curve[at - 1]?.fpir ?? 1)));
    assert.ok(curve.every(({ fnir }, at) => at === 0 || fnir >= (curve[at - 1]?.fnir ?? 0)));
  });
});
