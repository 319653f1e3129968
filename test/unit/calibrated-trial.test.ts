import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { calibratedRates } from '../../daemon/kernel/identification/calibrated-trial.js';
import type { Sample } from '../../daemon/kernel/identification/identification-trial.js';

/** Unit vectors: a direction of the person, and a little of one of the photograph. */
function sample(person: Readonly<Record<number, number>>, photograph: number, isEnrollable = true): Sample {
  const made = new Float32Array(40);
  for (const [axis, value] of Object.entries(person)) made[Number(axis)] = value;
  made[30 + photograph] = 0.3;
  const length = Math.hypot(...made);
  return { embedding: made.map((value) => value / length), isEnrollable };
}

const samplesOf = (person: Readonly<Record<number, number>>): readonly Sample[] =>
  [0, 1, 2].map((photograph) => sample(person, photograph));

/** Twelve people unlike each other, and two sisters. */
const people = [
  ...Array.from({ length: 12 }, (_, index) => ({ name: `p${index}`, samples: samplesOf({ [index]: 1 }) })),
  { name: 'ann', samples: samplesOf({ 20: 1 }) },
  { name: 'bea', samples: samplesOf({ 20: 0.63, 21: 0.77 }) },
];
const options = {
  ...{ references: 2, splits: 3, targetFpir: 0.01 },
  policy: { threshold: 0.55, margin: 0.05, minimumProbes: 2 },
};

describe('a trial of calibrated galleries', () => {
  const group = { title: 'some', names: new Set(['p1', 'p2']), strangers: new Set([0]) };
  const [all, alike, some] = calibratedRates(people, [sample({ 25: 1 }, 0)], [group], options);

  test('recognises every person, and counts people and searches', () => {
    assert.deepEqual([all?.people, all?.strangers], [14, 1]);
    assert.deepEqual([all?.matedSearches, all?.nonMatedSearches], [14 * 3, 3 + 14 * 3 * 3]);
    assert.deepEqual([all?.fixed.fnir, all?.calibrated.fnir, all?.calibrated.mistaken], [0, 0, 0]);
    assert.deepEqual([some?.title, some?.people, some?.matedSearches], ['some', 2, 6]);
    assert.ok((all?.fixed.fnirInterval[1] ?? 0) > 0.1, 'an interval for 14 people');
  });

  test('leaves each person out once: only the sisters are taken for each other', () => {
    assert.equal(some?.fixed.fpir, 0);
    assert.deepEqual([alike?.title, alike?.people], ['look-alikes', 2]);
    assert.ok((alike?.fixed.fpir ?? 0) > 0.5);
    assert.ok((alike?.calibrated.fpir ?? 1) <= (alike?.fixed.fpir ?? 0));
  });

  test('counts nobody as missed who could not be enrolled', () => {
    const refused = { name: 'zoe', samples: [0, 1, 2].map((index) => sample({ 22: 1 }, index, false)) };
    const [found] = calibratedRates([...people, refused], [], [], options);
    assert.deepEqual([found?.people, found?.matedSearches, found?.fixed.fnir], [15, 14 * 3, 0]);
  });
});
