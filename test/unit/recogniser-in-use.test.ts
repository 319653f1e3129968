import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recogniserNames } from '../../daemon/config/vision-schema.js';
import { openModelStore } from '../../daemon/models/store.js';
import { recogniserInUse } from '../../daemon/vision/recogniser-in-use.js';

test('every recogniser has an id of its own and an operating point in the manifest', async () => {
  const store = await openModelStore();
  const all = recogniserNames.map((pack) => recogniserInUse(store, pack));
  assert.equal(new Set(all.map(({ id }) => id)).size, all.length);
  assert.deepEqual(
    all.map(({ pack, dimensions }) => [pack.id, dimensions]),
    [
      ['dlib-resnet', 128],
      ['mobilefacenet', 192],
      ['faceres', 1024],
      ['sface', 128],
    ],
  );
  for (const { pack } of all) {
    assert.deepEqual(
      ['threshold', 'margin'].filter((name) => !pack.thresholds.some((found) => found.name === name)),
      [],
    );
  }
});
