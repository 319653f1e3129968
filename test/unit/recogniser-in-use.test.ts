import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isRollcallError } from '../../daemon/base/errors.js';
import { configSchema } from '../../daemon/config/schema.js';
import { recogniserNames, unmeasuredRecognisers } from '../../daemon/config/vision-schema.js';
import { matchPolicy } from '../../daemon/models/operating-point.js';
import { openModelStore } from '../../daemon/models/store.js';
import { contractOf } from '../../daemon/vision/inference/recogniser-contract.js';
import { recogniserInUse } from '../../daemon/vision/recogniser-in-use.js';

test('every recogniser has an id of its own, and an operating point in the manifest or none at all', async () => {
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
      ['auraface', 512],
    ],
  );
  for (const { pack } of all) {
    const wanted = unmeasuredRecognisers.includes(pack.id) ? [] : ['margin', 'threshold'];
    assert.deepEqual(pack.thresholds.map(({ name }) => name).sort(), wanted, pack.id);
  }
});

test('every recogniser is fed as the manifest says', async () => {
  const store = await openModelStore();
  for (const name of recogniserNames) {
    const { input, outputs } = store.pack(name);
    const { order, cropPx, output, scaling = { mean: 0, std: 1 }, isSingle } = contractOf(name);
    assert.deepEqual(
      [order, cropPx, cropPx, output, scaling.mean, scaling.std],
      [input.colours.toLowerCase(), ...input.shape.slice(2), outputs[0]?.name, input.mean[0], input.std[0]],
      name,
    );
    assert.ok(new Set(input.mean).size === 1 && new Set(input.std).size === 1, name);
    assert.equal(isSingle, outputs[0]?.shape[0] === 1, name);
  }
});

test('without a measured operating point the owner must give one', async () => {
  const store = await openModelStore();
  const { pack } = recogniserInUse(store, 'sface');
  const given = (identification: object) =>
    matchPolicy(configSchema.parse({ site: { id: 'office', timeZone: 'UTC' }, identification }), pack);
  assert.deepEqual(given({ threshold: 0.4, margin: 0.1 }), { threshold: 0.4, margin: 0.1, minimumProbes: 2 });
  for (const part of [{}, { threshold: 0.4 }, { margin: 0.1 }]) {
    assert.throws(
      () => given(part),
      (error) =>
        isRollcallError(error, 'operating-point-unknown') &&
        error.message.includes('sface') &&
        error.remedy?.includes('identification.threshold and identification.margin') === true,
    );
  }
});
