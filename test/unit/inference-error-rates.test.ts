import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  shareReaching,
  thresholdAtRate,
  wilsonInterval,
} from '../../daemon/kernel/identification/error-rates.js';
import { groupRates } from '../../daemon/kernel/identification/group-rates.js';
import { reportIdentification } from '../../daemon/kernel/identification/identification-report.js';
import {
  chooseReferences,
  type LabelledPerson,
  runTrial,
  type Sample,
  splitCount,
} from '../../daemon/kernel/identification/identification-trial.js';

function sample(angleDeg: number, isEnrollable = true): Sample {
  const angle = (angleDeg * Math.PI) / 180;
  return { embedding: Float32Array.of(Math.cos(angle), Math.sin(angle)), isEnrollable };
}

const lost: Sample = { embedding: undefined, isEnrollable: false };

/** Two people a right angle apart, four photographs each. */
const people: readonly LabelledPerson[] = [
  { name: 'first', samples: [sample(0), sample(2), sample(4), sample(6)] },
  { name: 'second', samples: [sample(90), sample(92), sample(94), sample(96)] },
];

describe('error rates', () => {
  test('the threshold of a rate is the lowest that no greater share reaches', () => {
    const scores = fc.array(
      fc.integer({ min: -100, max: 100 }).map((value) => value / 100),
      { minLength: 1 },
    );
    fc.assert(
      fc.property(scores, fc.double({ min: 0, max: 0.99, noNaN: true }), (list, rate) => {
        const threshold = thresholdAtRate(list, rate);
        assert.ok(shareReaching(list, threshold) <= rate);
        assert.ok(shareReaching(list, threshold - 2e-7) > rate);
      }),
    );
  });

  test('without scores no threshold is reached, and every one is valid', () => {
    assert.equal(shareReaching([], 0.5), 0);
    assert.equal(thresholdAtRate([], 0.01), Number.NEGATIVE_INFINITY);
  });
});

describe('intervals', () => {
  test('are those of Wilson, also for counts of none and all', () => {
    const rounded = (share: number, count: number) =>
      wilsonInterval(share, count).map((end) => Math.round(end * 1e4) / 1e4);
    // Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
    assert.deepEqual(rounded(81 / 263, 263), [0.2553, 0.3662]);
    assert.deepEqual(rounded(15 / 148, 148), [0.0624, 0.1605]);
    assert.deepEqual(rounded(0, 20), [0, 0.1611]);
    assert.deepEqual(rounded(1 / 29, 29), [0.0061, 0.1718]);
    assert.deepEqual(rounded(1, 20), [0.8389, 1]);
    assert.deepEqual(rounded(0, 0), [0, 1]);
  });
});

describe('choice of references', () => {
  test('all choices are different, complete and in order', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 7 }), fc.integer({ min: 1, max: 4 }), (count, references) => {
        fc.pre(references < count);
        const ways = splitCount(count, references);
        const all = Array.from({ length: ways }, (_, rank) => chooseReferences(count, references, rank));
        assert.equal(new Set(all.map((chosen) => chosen.join())).size, ways);
        for (const chosen of all) {
          assert.equal(chosen.length, references);
          assert.ok(chosen.every((value, index) => index === 0 || value > (chosen[index - 1] ?? value)));
        }
      }),
    );
    assert.equal(splitCount(6, 3), 20);
  });
});

describe('identification trial', () => {
  test('every probe finds its person, and strangers are similar to no person', () => {
    const trial = runTrial(people, [sample(45)], { references: 2, split: 0, splits: 6 });
    assert.equal(trial.mated.length, 4);
    assert.ok(trial.mated.every((search) => search.isRankOne && search.best > 0.99));
    assert.equal(trial.nonMated.length, 1);
    assert.ok((trial.nonMated[0]?.best ?? 1) < 0.76);
  });

  test('a photograph that enrolment would refuse is searched but not enrolled', () => {
    const samples = [sample(0, false), sample(2, false), sample(4)];
    const trial = runTrial([{ name: 'first', samples }], [], { references: 2, split: 0, splits: 3 });
    assert.equal(trial.failedToEnrol, 1);
    assert.deepEqual(trial.mated, [], 'a failure to enrol is no mismatch');
    const other = runTrial([{ name: 'first', samples }], [], { references: 2, split: 2, splits: 3 });
    assert.equal(other.failedToEnrol, 0);
    assert.ok((other.mated[0]?.best ?? 0) > 0.99);
  });

  test('a probe without a face is a miss', () => {
    const samples = [sample(0), sample(2), lost];
    const trial = runTrial([{ name: 'first', samples }], [lost], { references: 2, split: 0, splits: 3 });
    const { isRankOne, best, margin } = trial.mated[0] ?? assert.fail('it was not searched for');
    assert.deepEqual([isRankOne, best, margin], [false, Number.NEGATIVE_INFINITY, 0]);
    assert.equal(trial.nonMated.length, 0);
  });
});

describe('identification report', () => {
  const policy = { threshold: 0.95, margin: 0.1, minimumProbes: 1 };

  test('a perfect recogniser has no errors', () => {
    const report = reportIdentification(people, [sample(45), sample(200)], {
      references: 2,
      splits: 6,
      policy,
    });
    assert.equal(report.rankOne, 1);
    assert.equal(report.matedSearches, 24);
    assert.equal(report.nonMatedSearches, 12);
    assert.ok(report.points.every((point) => point.fnir === 0));
    assert.deepEqual([report.operating.fnir, report.operating.fpir], [0, 0]);
    assert.deepEqual(report.missed, []);
    assert.equal(report.comparisons.mated, 12);
    assert.ok(report.comparisons.points.every((point) => point.fnmr === 0));
  });

  test('has a point for each rate of false positives, with an interval of FNIR for as many people', () => {
    const strangers = Array.from({ length: 1_000 }, (_, index) => sample(180 + index / 20));
    const { points } = reportIdentification(people, strangers, { references: 2, splits: 1, policy });
    assert.deepEqual(
      points.map(({ fpir }) => fpir),
      [0.001, 0.002, 0.005, 0.01, 0.02, 0.05],
    );
    for (const { fnir, fnirInterval } of points)
      assert.deepEqual(fnirInterval, wilsonInterval(fnir, people.length));
  });

  test('a stranger similar to a person causes false positives, then false negatives', () => {
    const report = reportIdentification(people, [sample(3)], { references: 2, splits: 6, policy });
    assert.equal(report.operating.fpir, 1);
    assert.ok(report.points.every((point) => point.fpir <= 0.05 && point.fnir > 0.2));
  });

  test('accepted strangers and confused people are listed with the matched person', () => {
    const strict = { ...policy, margin: 0 };
    const mixed = [people[0], { name: 'second', samples: [sample(90), sample(92), sample(94), sample(10)] }];
    const known = mixed.filter((person) => person !== undefined);
    const strangers = [lost, sample(200), sample(3)];
    const report = reportIdentification(known, strangers, { references: 1, splits: 4, policy: strict });
    assert.deepEqual(
      report.accepted.map(({ stranger, takenFor, accepted, searches }) => [
        stranger,
        takenFor,
        accepted,
        searches,
      ]),
      [[2, 'first', 4, 4]],
    );
    assert.deepEqual(
      report.confused
        .filter(({ name }) => name === 'second')
        .map(({ sample, takenFor }) => [sample, takenFor]),
      [[3, 'first']],
    );
    assert.deepEqual(report.operating.fpirInterval, wilsonInterval(0.5, 2));
  });

  test('a group has its own rates, which the rate over all hides', () => {
    const alike = ['one', 'other'].map((name) => ({ name, samples: [sample(5), sample(6)] }));
    const all = [
      ...alike,
      ...[90, 180, 270].map((at) => ({ name: `${at}`, samples: [sample(at), sample(at)] })),
    ];
    const options = { references: 1, splits: 2, policy: { ...policy, margin: 0 } };
    const groups = [
      { title: 'alike', names: new Set(['one', 'other']), strangers: new Set([0]) },
      { title: 'the others', names: new Set(['90', '180', '270']), strangers: new Set([1]) },
    ];
    const rates = groupRates(all, [sample(7), sample(45), lost], groups, options);
    assert.deepEqual(
      rates.map(({ title, people: count, nonMatedComparisons, fmr, fpir }) => [
        title,
        count,
        nonMatedComparisons,
        fmr,
        fpir,
      ]),
      [
        ['alike', 2, 8, 1, 1],
        ['the others', 3, 18, 0, 0],
      ],
    );
    assert.deepEqual(rates[0]?.fpirInterval, wilsonInterval(1, 1));
    // Of all 61 pairs of photographs of different people, the 8 of this group reach the threshold.
    assert.deepEqual(
      rates.map(({ timesAll }) => timesAll),
      [61 / 8, 0],
    );
    const [unlike] = groupRates(all.slice(2), [], groups, options);
    assert.equal(unlike?.timesAll, undefined, 'no two people are alike');
  });

  test('a photograph of another person is listed as missed', () => {
    const mixed = [people[0], { name: 'second', samples: [sample(90), sample(92), sample(94), sample(10)] }];
    const known = mixed.filter((person) => person !== undefined);
    const report = reportIdentification(known, [sample(200)], { references: 2, splits: 6, policy });
    const [worst] = report.missed;
    assert.deepEqual([worst?.name, worst?.sample, worst?.missed], ['second', 3, worst?.searches]);
  });

  test('sets of photographs that enrolment would refuse, and mixed ones that it would accept, are counted', () => {
    const agreementOf = (known: typeof people) =>
      reportIdentification(known, [], { references: 2, splits: 6, policy }).agreement;
    assert.deepEqual(agreementOf(people), { sets: 12, refused: 0, mixedSets: 12, mixedAccepted: 0 });
    const aged = { name: 'aged', samples: [sample(180), sample(182), sample(240), sample(0, false)] };
    assert.deepEqual(agreementOf([aged]), { sets: 3, refused: 2 / 3, mixedSets: 0, mixedAccepted: 0 });
    const twins = ['one', 'other'].map((name) => ({ name, samples: [sample(5), sample(6)] }));
    assert.deepEqual(agreementOf(twins), { sets: 2, refused: 0, mixedSets: 2, mixedAccepted: 1 });
  });

  test('the margin refuses a probe between two people', () => {
    const between = [...people, { name: 'third', samples: [sample(8), sample(8), sample(8), sample(8)] }];
    const report = reportIdentification(between, [], { references: 2, splits: 6, policy });
    assert.ok(report.operating.fnir > 0.4);
    assert.ok(report.rankOne > 0.9);
  });
});
