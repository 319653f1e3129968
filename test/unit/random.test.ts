import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../../daemon/kernel/random.js';

test('the seeded generator is mulberry32', () => {
  const random = seededRandom(1);
  // From its published reference implementation.
  assert.deepEqual(
    [random.unit(), random.unit(), random.unit()],
    [0.6270739405881613, 0.002735721180215478, 0.5274470399599522],
  );
});
