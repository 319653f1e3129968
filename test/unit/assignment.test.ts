import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { assign, type Pair } from '../../daemon/kernel/assignment.js';

const cost = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 100 }) },
  { weight: 1, arbitrary: fc.constant(Number.POSITIVE_INFINITY) },
);

const matrix = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }))
  .chain(([rows, columns]) =>
    fc.array(fc.array(cost, { minLength: columns, maxLength: columns }), {
      minLength: rows,
      maxLength: rows,
    }),
  );

/** Tries every way: [pairs made, their summed cost], more pairs first, then the lower sum. */
function bestByTryingAll(
  costs: readonly (readonly number[])[],
  row = 0,
  used = new Set<number>(),
): [number, number] {
  const rowCosts = costs[row];
  if (rowCosts === undefined) return [0, 0];
  let best = bestByTryingAll(costs, row + 1, used);
  rowCosts.forEach((value, column) => {
    if (!Number.isFinite(value) || used.has(column)) return;
    const [count, sum] = bestByTryingAll(costs, row + 1, new Set([...used, column]));
    if (count + 1 > best[0] || (count + 1 === best[0] && sum + value < best[1]))
      best = [count + 1, sum + value];
  });
  return best;
}

function summed(costs: readonly (readonly number[])[], pairs: readonly Pair[]): number {
  return pairs.reduce((sum, { row, column }) => sum + (costs[row]?.[column] ?? Number.NaN), 0);
}

describe('assign', () => {
  test('is as good as a trial of every assignment', () => {
    fc.assert(
      fc.property(matrix, (costs) => {
        const pairs = assign(costs);
        const [count, sum] = bestByTryingAll(costs);
        assert.equal(pairs.length, count);
        assert.equal(summed(costs, pairs), sum);
      }),
    );
  });

  test('uses every row and column at most once and nothing forbidden', () => {
    fc.assert(
      fc.property(matrix, (costs) => {
        const pairs = assign(costs);
        assert.equal(new Set(pairs.map(({ row }) => row)).size, pairs.length);
        assert.equal(new Set(pairs.map(({ column }) => column)).size, pairs.length);
        assert.ok(pairs.every(({ row, column }) => Number.isFinite(costs[row]?.[column])));
      }),
    );
  });

  test('prefers two expensive pairs to one cheap one', () => {
    const pairs = assign([
      [1, 50],
      [60, Number.POSITIVE_INFINITY],
    ]);
    assert.deepEqual(pairs, [
      { row: 0, column: 1 },
      { row: 1, column: 0 },
    ]);
  });

  test('gives nothing for no rows or columns', () => {
    assert.deepEqual(assign([]), []);
    assert.deepEqual(assign([[], []]), []);
  });
});
