import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openModelStore } from '../../daemon/models/store.js';
import { recogniserInUse } from '../../daemon/vision/recogniser-in-use.js';

test('every recogniser has an id of its own and an operating point in the manifest', async () => {
  const store = await openModelStore();
  const both = (['dlib-resnet', 'sface'] as const).map((pack) => recogniserInUse(store, pack));
  assert.equal(new Set(both.map(({ id }) => id)).size, 2);
  for (const { pack, dimensions } of both) {
    assert.equal(dimensions, 128);
    assert.deepEqual(
      ['threshold', 'margin'].filter((name) => !pack.thresholds.some((found) => found.name === name)),
      [],
    );
  }
});
