import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { SortedBlocks } from '../../daemon/core/gallery/persons/sorted-blocks.js';

test('sorted blocks hold what came and did not go, in order', () => {
  const step = fc.record({ number: fc.integer({ min: 0, max: 3000 }), isAdded: fc.boolean() });
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 0, max: 3000 }), { maxLength: 2500, size: 'max' }),
      fc.array(step, { maxLength: 500 }),
      (first, steps) => {
        const blocks = new SortedBlocks<number>((a, b) => a - b);
        const held = new Set(first);
        for (const number of first) blocks.add(number);
        for (const { number, isAdded } of steps) {
          if (!isAdded) blocks.remove(number);
          else if (!held.has(number)) blocks.add(number);
          if (isAdded) held.add(number);
          else held.delete(number);
        }
        assert.deepEqual(
          blocks.items(),
          [...held].sort((a, b) => a - b),
        );
      },
    ),
    { numRuns: 20 },
  );
});
