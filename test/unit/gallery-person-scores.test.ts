import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  greatestIndices,
  greatestPerPerson,
  meanPerPerson,
} from '../../daemon/gallery/person-scores.kernel.js';

const rows = fc.array(
  fc.record({ owner: fc.nat({ max: 9 }), score: fc.float({ min: -1, max: 1, noNaN: true }) }),
);

function reduce(
  table: readonly { readonly owner: number; readonly score: number }[],
  kernel: typeof greatestPerPerson,
): Float32Array {
  const persons = new Float32Array(10).fill(77);
  kernel(
    Float32Array.from(table, ({ score }) => score),
    Int32Array.from(table, ({ owner }) => owner),
    persons,
  );
  return persons;
}

describe('similarities per person', () => {
  test('the greatest is that of the nearest template', () => {
    fc.assert(
      fc.property(rows, (table) => {
        for (const [person, value] of reduce(table, greatestPerPerson).entries()) {
          const own = table.filter(({ owner }) => owner === person).map(({ score }) => score);
          assert.equal(value, Math.max(...own));
        }
      }),
    );
  });

  test('the mean is over all templates of a person, and -Infinity without any', () => {
    fc.assert(
      fc.property(rows, (table) => {
        for (const [person, value] of reduce(table, meanPerPerson).entries()) {
          const own = table.filter(({ owner }) => owner === person).map(({ score }) => score);
          if (own.length === 0) assert.equal(value, Number.NEGATIVE_INFINITY);
          else assert.ok(Math.abs(value - own.reduce((sum, score) => sum + score, 0) / own.length) < 1e-5);
        }
      }),
    );
  });

  test('the greatest indices are those of a full sort', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.float({ noNaN: true, min: -1, max: 1 }), fc.constant(-Infinity))),
        fc.nat({ max: 8 }),
        (list, count) => {
          const values = Float32Array.from(list);
          const sorted = [...values].filter((value) => value > -Infinity).sort((a, b) => b - a);
          const found = greatestIndices(values, count);
          assert.deepEqual(
            found.map((index) => values[index]),
            sorted.slice(0, count),
          );
          assert.equal(new Set(found).size, found.length);
        },
      ),
    );
  });
});
