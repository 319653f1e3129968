import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { completeUpTo } from '../../scripts/fault-loop/event-centre.js';
import type { NotedFact } from '../../scripts/fault-loop/event-journal.js';
import { type Arrival, judgeArrivals } from '../../scripts/fault-loop/event-verdict.js';

const noted = (number: number, sequence = number): NotedFact => ({
  number,
  recorded: { id: `id-${number}`, sequence },
});
const arrival = (number: number, changes: Partial<Arrival> = {}): Arrival => ({
  ...{ id: `id-${number}`, sequence: number, number, isVerified: true, isRetained: false },
  ...changes,
});
const kinds = (facts: readonly NotedFact[], arrivals: readonly Arrival[]): readonly string[] =>
  judgeArrivals(facts, arrivals).violations.map(({ kind }) => kind);

describe('what the loop of kills counts as damage', () => {
  const three = [noted(1), noted(2), noted(3)];

  test('finds nothing if all events came in order, some of them again', () => {
    const again = [1, 2, 1, 2, 3, 3].map((number) => arrival(number));
    const { violations, arrived, repeats } = judgeArrivals(three, again);
    assert.deepEqual([violations, arrived, repeats], [[], 3, 3]);
  });

  test('a recorded fact that did not arrive', () => {
    assert.deepEqual(kinds(three, [arrival(1), arrival(2)]), ['lost']);
    assert.deepEqual(kinds(three, [arrival(1), arrival(3)]), ['disordered', 'lost']);
  });

  test('a fact under two ids, and an id for two facts', () => {
    const twice = [arrival(1), arrival(2), arrival(3), arrival(3, { id: 'other', sequence: 4 })];
    assert.ok(kinds(three, twice).includes('doubled'));
    assert.ok(
      kinds(three, [...three.map(({ number }) => arrival(number)), arrival(2, { number: 1 })]).includes(
        'doubled',
      ),
    );
  });

  test('first arrivals out of order, a gap, and a sequence that is not the recorded one', () => {
    assert.ok(kinds(three, [arrival(2), arrival(1), arrival(3)]).includes('disordered'));
    assert.ok(
      kinds([noted(1), noted(2, 3)], [arrival(1), arrival(2, { sequence: 3 })]).includes('disordered'),
    );
    assert.ok(
      kinds(three, [arrival(1), arrival(2, { sequence: 3 }), arrival(3, { sequence: 2 })]).includes(
        'disordered',
      ),
    );
  });

  test('a message that does not verify, that is retained, or that was not to be recorded', () => {
    assert.deepEqual(kinds([noted(1)], [arrival(1, { isVerified: false })]), ['forged']);
    assert.deepEqual(kinds([noted(1)], [arrival(1, { isRetained: true })]), ['retained']);
    assert.deepEqual(kinds([noted(1)], [arrival(1), arrival(2)]), ['invented']);
    assert.deepEqual(kinds([noted(1)], [arrival(1), arrival(2, { number: undefined })]), ['invented']);
  });

  test('a recording that was cut off may exist or not, but only once', () => {
    const cutOff = [noted(1), { number: 2 }, noted(3, 2)];
    const without = judgeArrivals(cutOff, [arrival(1), arrival(3, { sequence: 2 })]);
    assert.deepEqual([without.violations, without.inFlight], [[], { recorded: 0, notRecorded: 1 }]);
    const made = judgeArrivals([noted(1), { number: 2 }], [arrival(1), arrival(2)]);
    assert.deepEqual([made.violations, made.inFlight], [[], { recorded: 1, notRecorded: 0 }]);
    const twice = [arrival(1), arrival(2), arrival(2, { id: 'other', sequence: 3 })];
    assert.deepEqual(kinds([noted(1), { number: 2 }], twice), ['doubled']);
  });

  test('where a centre requests events again, the order of first arrivals is free, but gaps are not allowed', () => {
    const facts = [noted(1), noted(2), noted(3)];
    const late = [arrival(1), arrival(3), arrival(2)];
    assert.deepEqual(judgeArrivals(facts, late, false).violations, []);
    const gap = judgeArrivals([noted(1), noted(3)], [arrival(3), arrival(1)], false);
    assert.deepEqual(
      gap.violations.map(({ kind }) => kind),
      ['disordered'],
    );
    assert.deepEqual(
      [[], [2, 3], [1, 2, 4], [3, 1, 2]].map((sequences) => completeUpTo(sequences)),
      [0, 0, 2, 3],
    );
  });
});
