import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  calibrate,
  type EnrolledPerson,
  likenesses,
} from '../../daemon/kernel/identification/calibration.js';
import { expectedRates, unfitnessOf } from '../../daemon/kernel/identification/expected-rates.js';
import { policyOver } from '../../daemon/kernel/identification/gallery-policy.js';
import { identifyTrack, noProbes, withProbes } from '../../daemon/kernel/identification/identify-track.js';
import { lookAlikes, marginBetween, pairKey } from '../../daemon/kernel/identification/look-alikes.js';
import { type Embedding, similarityOf } from '../../daemon/kernel/identification/match.js';
import { personId } from '../../daemon/kernel/ids.js';

const policy = { threshold: 0.55, margin: 0.05, minimumProbes: 1 };

/** A unit vector of 32 values from a few of them. */
function vector(values: Readonly<Record<number, number>>): Embedding {
  const made = new Float32Array(32);
  for (const [axis, value] of Object.entries(values)) made[Number(axis)] = value;
  const length = Math.hypot(...made);
  return made.map((value) => value / length);
}

/** `count` persons, each on axes of their own, with two references. */
const strangersToEachOther = (count: number): readonly EnrolledPerson[] =>
  Array.from({ length: count }, (_, index) => ({
    personId: personId(`person-${index}`),
    references: [vector({ [index]: 1 }), vector({ [index]: 1, 30: 0.3 })],
  }));

/** Two sisters at a cosine of 0.6, each with one reference. */
const ann = { personId: personId('ann'), references: [vector({ 25: 1 })] };
const bea = { personId: personId('bea'), references: [vector({ 25: 0.6, 26: 0.8 })] };
const gallery = [...strangersToEachOther(12), ann, bea];

const identify = (face: Embedding, among: readonly EnrolledPerson[] = gallery) => {
  const candidates = among.map(({ personId: id, references }) => ({
    personId: id,
    similarity: Math.max(...references.map((reference) => similarityOf(reference, face))),
  }));
  const probe = { capturedAtMs: 0, quality: 0.9, candidates };
  return identifyTrack(withProbes(noProbes, [probe]), policyOver(among, policy, undefined));
};

describe('persons who look alike', () => {
  test('are those with references within the margin of the threshold', () => {
    const [pair, ...rest] = [...lookAlikes(likenesses(gallery), policy).values()];
    assert.deepEqual(rest, []);
    assert.deepEqual([pair?.a, pair?.b], ['ann', 'bea']);
    assert.ok(Math.abs((pair?.similarity ?? 0) - 0.6) < 1e-5);
    const apart = { personId: personId('bea'), references: [vector({ 25: 0.49, 26: 0.87 })] };
    assert.equal(lookAlikes(likenesses([ann, apart]), policy).size, 0);
  });

  test('need a margin that grows with their similarity, at most twice', () => {
    assert.equal(marginBetween(0.5, policy), 0.05);
    assert.ok(Math.abs(marginBetween(0.53, policy) - 0.08) < 1e-9);
    assert.ok(Math.abs(marginBetween(0.9, policy) - 0.1) < 1e-9);
    assert.equal(pairKey(personId('b'), personId('a')), pairKey(personId('a'), personId('b')));
  });

  test('are recognised by their own faces', () => {
    for (const { personId: id, references } of [ann, bea]) {
      const found = identify(references[0] ?? assert.fail());
      assert.ok(found.outcome === 'match' && found.personId === id);
    }
  });

  test('leave a face between them undecided, though the general margin is kept', () => {
    // Cosines of 0.8 and 0.72: a third sister.
    const third = vector({ 25: 0.8, 26: 0.3, 27: 0.5196 });
    const [toAnn, toBea] = [ann, bea].map(({ references: [own] }) => similarityOf(own ?? third, third));
    assert.ok((toAnn ?? 0) - (toBea ?? 0) > policy.margin && (toAnn ?? 0) - (toBea ?? 0) < 0.1);
    const found = identify(third);
    assert.ok(found.outcome === 'ambiguous');
    assert.equal(found.reason, 'within-margin');
    assert.deepEqual(found.candidates.map(({ personId: id }) => id).sort(), ['ann', 'bea']);
    const withoutBea = identify(third, [...strangersToEachOther(12), ann]);
    assert.ok(withoutBea.outcome === 'match', 'who is not enrolled needs no margin');
  });
});

describe('what a box expects of its gallery', () => {
  test('is unknown with fewer than 11 persons, who get the margin on top of the threshold', () => {
    const few = calibrate(likenesses(strangersToEachOther(10)), {
      ...{ floor: 0.55, margin: 0.05, targetFpir: 0.01 },
    });
    assert.deepEqual(new Set(few.map(({ reason }) => reason)), new Set(['few']));
    assert.ok(few.every(({ threshold }) => Math.abs(threshold - 0.6) < 1e-9));
    const rates = expectedRates(few, 0.01);
    assert.deepEqual([rates.targetFpir, rates.fpir], [0.01, undefined]);
    assert.ok((rates.fnir ?? 1) < 0.5);
    assert.deepEqual(unfitnessOf(rates), []);
    const near = calibrate(likenesses(strangersToEachOther(2)), {
      ...{ floor: 0.96, margin: 0.05, targetFpir: 0.01 },
    });
    assert.ok(
      near.every(({ threshold }) => threshold < 0.98),
      'never beyond reach',
    );
  });

  test('is known with 11 persons', () => {
    const found = calibrate(likenesses(strangersToEachOther(11)), {
      ...{ floor: 0.55, margin: 0.05, targetFpir: 0.01 },
    });
    const { fpir = 1 } = expectedRates(found, 0.01);
    assert.ok(fpir <= 0.01 * 1.001, `${fpir}`);
    assert.ok(found.every(({ reason }) => reason !== 'few'));
  });

  test('is nothing more than the threshold of the box without a target', () => {
    const found = calibrate(likenesses(strangersToEachOther(5)), {
      ...{ floor: 0.55, margin: 0.05, targetFpir: undefined },
    });
    assert.ok(found.every(({ threshold, reason }) => threshold === 0.55 && reason === 'floor'));
  });

  test('does not fit a target that it exceeds, or that costs one passage in ten', () => {
    const rates = { targetFpir: 0.01, fpir: 0.01, fnir: 0.05 };
    assert.deepEqual(unfitnessOf(rates), []);
    assert.deepEqual(unfitnessOf({ ...rates, fpir: 0.02 }), ['false-positives']);
    assert.deepEqual(unfitnessOf({ ...rates, fnir: 0.11 }), ['false-negatives']);
    assert.deepEqual(unfitnessOf({ ...rates, targetFpir: undefined, fpir: 1 }), []);
  });
});
