import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { normalDeviate } from '../../daemon/kernel/identification/error-rates.js';
import { unfitnessOf } from '../../daemon/kernel/identification/expected-rates.js';
import { lookAlikes, marginBetween, pairKey } from '../../daemon/kernel/identification/look-alikes.js';
import {
  type Identification,
  isSameAnswer,
  marginFor,
  similaritiesToPerson,
  similarityOf,
  similarityToPerson,
  templatesOf,
  thresholdFor,
} from '../../daemon/kernel/identification/match.js';
import { fitPareto, fitTail } from '../../daemon/kernel/identification/score-tail.js';
import { personId } from '../../daemon/kernel/ids.js';

const near = (actual: number | undefined, expected: number, within = 1e-6): void => {
  assert.ok(Math.abs((actual ?? Number.NaN) - expected) <= within, `${actual} is not ${expected}`);
};
const [a, b, c] = ['a', 'b', 'c'].map(personId) as [
  ReturnType<typeof personId>,
  ReturnType<typeof personId>,
  ReturnType<typeof personId>,
];
const face = (degrees: number): Float32Array => {
  const radians = (degrees * Math.PI) / 180;
  return Float32Array.of(Math.cos(radians), Math.sin(radians));
};

describe('the similarity of faces', () => {
  test('is the cosine of two of one length, and the least there is of others', () => {
    near(similarityOf(face(0), face(60)), 0.5);
    near(similarityOf(face(0), face(180)), -1);
    assert.equal(similarityOf(face(0), Float32Array.of(1, 0, 0)), -1);
  });

  test('to a person is that to the nearest reference, or to the mean of several', () => {
    near(similarityToPerson(face(20), [face(0)]), Math.cos((20 * Math.PI) / 180));
    near(similarityToPerson(face(20), [face(0), face(40)]), 1);
    near(similarityToPerson(face(-30), [face(0), face(40)]), Math.cos((30 * Math.PI) / 180));
    assert.equal(similarityToPerson(face(20), []), -1);
    const found = similaritiesToPerson([face(0), face(180)], [face(0)]);
    near(found[0], 1);
    near(found[1], -1);
  });

  test('to a person leaves no mean in memory, and the references as they are', () => {
    const references = [face(0), face(40)];
    const templates = templatesOf(references);
    assert.equal(templates.length, 3);
    near(similarityOf(templates[2] ?? face(0), face(20)), 1);
    assert.equal(templatesOf([face(0)]).length, 1);
    assert.equal(templatesOf([]).length, 0);
    assert.equal(templatesOf([face(0), face(180)]).length, 2, 'these have no direction in common');
    similarityToPerson(face(20), references);
    similarityToPerson(face(20), references.slice(1));
    assert.deepEqual(references, [face(0), face(40)]);
  });
});

describe('the policy of a match', () => {
  const policy = { threshold: 0.5, margin: 0.05, minimumProbes: 1 };

  test('is stricter for a person or a pair of its own, and never looser', () => {
    assert.equal(thresholdFor(policy, a), 0.5);
    assert.equal(thresholdFor({ ...policy, thresholdOf: () => undefined }, a), 0.5);
    assert.equal(thresholdFor({ ...policy, thresholdOf: (id) => (id === a ? 0.6 : 0.4) }, a), 0.6);
    assert.equal(thresholdFor({ ...policy, thresholdOf: () => 0.4 }, a), 0.5);
    assert.equal(marginFor(policy, a, b), 0.05);
    assert.equal(marginFor({ ...policy, marginBetween: () => undefined }, a, b), 0.05);
    assert.equal(marginFor({ ...policy, marginBetween: () => 0.1 }, a, b), 0.1);
    assert.equal(marginFor({ ...policy, marginBetween: () => 0.01 }, a, b), 0.05);
  });
});

describe('an answer', () => {
  const match = (personOf: typeof a): Identification => ({
    ...{ outcome: 'match', personId: personOf, similarity: 0.8, margin: 0.2, probeCount: 3 },
  });
  const pair = (first: typeof a, second: typeof a): Identification => ({
    ...{ outcome: 'ambiguous', reason: 'within-margin', probeCount: 3 },
    candidates: [
      { personId: first, similarity: 0.8 },
      { personId: second, similarity: 0.79 },
    ],
  });
  const none = (probeCount: number): Identification => ({
    ...{ outcome: 'inconclusive', bestSimilarity: undefined, probeCount },
  });
  const unknown: Identification = { outcome: 'no match', bestSimilarity: 0.1, probeCount: 3 };

  test('is new where the outcome or the persons are others, and only there', () => {
    const cases: readonly (readonly [Identification | undefined, Identification, boolean])[] = [
      [undefined, none(0), true],
      [undefined, none(1), false],
      [undefined, { ...unknown, probeCount: 0 }, false],
      [undefined, match(a), false],
      [match(a), { ...match(a), probeCount: 9 }, true],
      [match(a), match(b), false],
      [match(a), pair(a, b), false],
      [pair(a, b), match(a), false],
      [pair(a, b), pair(b, a), true],
      [pair(a, b), pair(a, c), false],
      [pair(a, b), pair(c, b), false],
      [unknown, { ...unknown, bestSimilarity: 0.2 }, true],
      [unknown, none(3), false],
      [none(1), none(2), true],
    ];
    for (const [before, after, isSame] of cases)
      assert.equal(isSameAnswer(before, after), isSame, `${JSON.stringify(before)} ${JSON.stringify(after)}`);
  });
});

describe('people who look alike', () => {
  const point = { threshold: 0.5, margin: 0.1 };
  const likenessOf = (id: typeof a, ...neighbours: readonly (readonly [typeof a, number])[]) =>
    ({
      personId: id,
      neighbours: neighbours.map(([neighbour, highest]) => ({
        ...{ personId: neighbour, highest, similarity: highest },
      })),
    }) as unknown as Parameters<typeof lookAlikes>[0][number];

  test('need the general margin where they begin to, growing with their likeness, at most twice', () => {
    near(marginBetween(0.3, point), 0.1);
    near(marginBetween(0.4, point), 0.1);
    near(marginBetween(0.45, point), 0.15);
    near(marginBetween(0.5, point), 0.2);
    near(marginBetween(0.9, point), 0.2);
  });

  test('are each pair once, by the greater likeness of the two, the most similar first', () => {
    assert.equal(pairKey(a, b), 'a b');
    assert.equal(pairKey(b, a), 'a b');
    const found = lookAlikes(
      [likenessOf(b, [a, 0.45], [c, 0.6]), likenessOf(a, [b, 0.42], [c, 0.399]), likenessOf(c, [b, 0.7])],
      point,
    );
    assert.deepEqual(
      [...found].map(([key, { a: first, b: second, similarity }]) => [key, first, second, similarity]),
      [
        ['b c', 'b', 'c', 0.7],
        ['a b', 'a', 'b', 0.45],
      ],
    );
    assert.equal(lookAlikes([likenessOf(a, [b, 0.4])], point).size, 1, 'exactly the margin below counts');
  });
});

describe('a gallery that does not fit its target', () => {
  test('recognises more strangers than the target and a twentieth more, or misses over a tenth', () => {
    const unfit = (fpir: number | undefined, fnir?: number, targetFpir: number | undefined = 0.5) =>
      unfitnessOf({ targetFpir, fpir, fnir });
    assert.deepEqual(unfit(0.525), []);
    assert.deepEqual(unfit(0.526), ['false-positives']);
    assert.deepEqual(unfit(0.5, 0.1), []);
    assert.deepEqual(unfit(0.5, 0.101), ['false-negatives']);
    assert.deepEqual(unfit(0.6, 0.2), ['false-positives', 'false-negatives']);
    assert.deepEqual(unfit(undefined, 0.2), []);
    assert.deepEqual(unfitnessOf({ targetFpir: undefined, fpir: 0.9, fnir: 0.9 }), []);
  });
});

describe('the tail of scores', () => {
  test('of a sample is fitted by its probability-weighted moments', () => {
    // Excesses at the quantiles of an exponential distribution, whose shape is 0, and of a uniform one, whose shape is -1.
    const count = 20_000;
    const ranks = Array.from({ length: count }, (_, rank) => (rank + 0.5) / count);
    const exponential = fitPareto(ranks.map((rank) => -0.1 * Math.log(1 - rank)));
    near(exponential.shape, 0, 0.01);
    near(exponential.scale, 0.1, 0.002);
    const uniform = fitPareto(ranks.map((rank) => 0.2 * rank));
    near(uniform.shape, -1, 0.01);
    near(uniform.scale, 0.2, 0.002);
    assert.deepEqual(fitPareto([0, 0, 0]), { shape: 0, scale: 0 });
    assert.deepEqual(fitPareto([]), { shape: 0, scale: 0 });
  });

  test('agrees with the counted share within the sample, and goes on beyond it', () => {
    const count = 10_000;
    const scores = Float64Array.from({ length: count }, (_, rank) =>
      Math.min(0.99, -0.05 * Math.log(1 - rank / count)),
    );
    const { survival, quantile } = fitTail(scores);
    near(survival(0), 1, 1e-9);
    for (const share of [0.5, 0.2, 0.06]) near(survival(-0.05 * Math.log(share)), share, 0.001);
    for (const share of [0.04, 0.01, 0.001, 1e-5]) {
      near(Math.log(survival(-0.05 * Math.log(share))), Math.log(share), 0.25);
      near(quantile(share), -0.05 * Math.log(share), 0.02);
    }
    assert.equal(survival(1.01), 0);
    assert.equal(quantile(0), 1, 'no score is above 1');
    for (const share of [0.5, 0.2, 0.06]) near(quantile(share), -0.05 * Math.log(share), 0.001);
  });

  test('of no scores proves nothing, and of equal scores ends there', () => {
    const none = fitTail(new Float64Array(0));
    assert.equal(none.survival(0), 0);
    assert.equal(none.quantile(0.5), Number.NEGATIVE_INFINITY);
    const equal = fitTail(new Float64Array(100).fill(0.3));
    assert.deepEqual([equal.survival(0.3), equal.survival(0.31)], [1, 0]);
    near(equal.quantile(0.01), 0.3);
  });
});

test('the normal deviate of a share is the quantile of the normal distribution', () => {
  for (const [share, expected] of [
    [0.001, -3.0902],
    [0.05, -1.6449],
    [0.25, -0.6745],
    [0.5, 0],
    [0.75, 0.6745],
    [0.975, 1.96],
    [0.999, 3.0902],
  ] as const)
    near(normalDeviate(share), expected, 6e-4);
});
