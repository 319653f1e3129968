import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '../../daemon/kernel/random.js';
import {
  groupingRates,
  groupTracks,
  type LabelledTrack,
  ratesByThreshold,
  validateGrouping,
} from '../../daemon/kernel/strangers/grouping-trial.js';

const inGroups = (...tracks: readonly string[]) =>
  tracks.map((track) => ({ person: track[0] ?? '', group: track[1] ?? '' }));

describe('rates of grouping', () => {
  test('count pairs, and average over tracks', () => {
    // Ada is split into two groups, and one track of Grace is with her.
    const rates = groupingRates(inGroups('a1', 'a1', 'a2', 'g1', 'g3', 'g3'));
    assert.equal(rates.matedPairs, 6);
    assert.equal(rates.falsePairs, 2);
    assert.equal(rates.precision, 2 / 4);
    assert.equal(rates.recall, 2 / 6);
    assert.ok(Math.abs(rates.trackPrecision - (2 / 3 + 2 / 3 + 1 + 1 / 3 + 1 + 1) / 6) < 1e-9);
    assert.ok(Math.abs(rates.trackRecall - (2 / 3 + 2 / 3 + 1 / 3 + 1 / 3 + 2 / 3 + 2 / 3) / 6) < 1e-9);
    assert.equal(rates.groups, 3);
  });

  test('are perfect where every track is a group of its own and nobody came twice', () => {
    const { precision, recall } = groupingRates(inGroups('a1', 'b2', 'c3'));
    assert.deepEqual([precision, recall], [1, 1]);
  });
});

describe('a trial of grouping', () => {
  /** Eight people with four tracks each, 45 degrees apart in a plane of their own, at most 10 degrees from their middle. */
  const tracks: readonly LabelledTrack[] = Array.from({ length: 32 }, (_, index) => {
    const person = index % 8;
    const degrees = (Math.floor(index / 8) - 1.5) * 6;
    const embedding = new Float32Array(16);
    embedding[person * 2] = Math.cos((degrees * Math.PI) / 180);
    embedding[person * 2 + 1] = Math.sin((degrees * Math.PI) / 180);
    return { person: `person-${person}`, views: [{ embedding, quality: 0.8 }] };
  });

  test('groups as the box does, and prints rates by threshold', () => {
    assert.equal(new Set(groupTracks(tracks, 0.9).map(({ group }) => group)).size, 8);
    const [all, right, none] = ratesByThreshold(tracks, {
      sequences: 2,
      thresholds: [-1, 0.9, 0.9999],
      random: seededRandom,
    });
    assert.deepEqual([all?.rates.groups, all?.rates.recall], [1, 1]);
    assert.deepEqual([right?.rates.precision, right?.rates.recall], [1, 1]);
    assert.deepEqual([none?.rates.groups, none?.rates.precision, none?.rates.recall], [32, 1, 0]);
  });

  test('chooses the threshold on other people than it judges', () => {
    const results = validateGrouping(
      tracks,
      { sequences: 2, thresholds: [-1, 0.9, 0.9999], random: seededRandom },
      2,
    );
    assert.deepEqual(
      results.map(({ people, tracks: count, threshold, rates }) => [people, count, threshold, rates.recall]),
      Array.from({ length: 4 }, () => [4, 16, 0.9, 1]),
    );
  });
});
