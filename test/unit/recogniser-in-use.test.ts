import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { automaticRecogniser, statusTable } from '../../daemon/cli/models.js';
import { configSchema } from '../../daemon/contract/settings/schema.js';
import { recogniserNames, unmeasuredRecognisers } from '../../daemon/contract/settings/vision-schema.js';
import { openModelStore, type PackStatus } from '../../daemon/host/models/store.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { recogniserId } from '../../daemon/kernel/ids.js';
import { said } from '../../daemon/kernel/said.js';
import { contractOf } from '../../daemon/vision/inference/recogniser-contract.js';
import { matchPolicy } from '../../daemon/vision/operating-point.js';
import { chooseRecogniser, recogniserInUse } from '../../daemon/vision/recogniser-in-use.js';
import { inEnglish } from '../../daemon/words/language.js';

test('every recogniser has its own id, and an operating point in the manifest or none', async () => {
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

test('every recogniser gets its input as the manifest says', async () => {
  const store = await openModelStore();
  for (const name of recogniserNames) {
    const { input, outputs } = store.pack(name);
    const {
      order,
      cropPx,
      output,
      scaling = { mean: [0, 0, 0], std: [1, 1, 1] },
      isSingle,
    } = contractOf(name);
    assert.deepEqual(
      [order, cropPx, cropPx, output, scaling.mean, scaling.std],
      [input.colours.toLowerCase(), ...input.shape.slice(2), outputs[0]?.name, input.mean, input.std],
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

describe('the choice of the recogniser', async () => {
  const store = await openModelStore();
  const [dlib, mobile, faceres] = (['dlib-resnet', 'mobilefacenet', 'faceres'] as const).map(
    (name) => recogniserInUse(store, name).id,
  );
  assert.ok(dlib && mobile && faceres);

  /** A store in which the packs that are not `absent` or `damaged` are ready. */
  function storeWith(states: Readonly<Record<string, 'absent' | 'damaged'>> = {}) {
    const status = async (name: string): Promise<PackStatus> => {
      const pack = store.pack(name);
      const state = states[name] ?? 'ready';
      if (state === 'absent') return { pack, state, ...inEnglish({ remedy: said('models/remedy-build') }) };
      return state === 'ready' ? { pack, state, path: '' } : { pack, state, path: '', foundSha256: '' };
    };
    return { pack: store.pack.bind(store), own: store.own, status };
  }
  const without = storeWith({ mobilefacenet: 'absent' });

  const cases: readonly (readonly [
    string,
    ReturnType<typeof storeWith>,
    Parameters<typeof chooseRecogniser>[2],
    readonly [name: string, reason: string],
  ])[] = [
    ['the better one for a gallery without persons', storeWith(), undefined, ['mobilefacenet', 'default']],
    ['a substitute if the better one was never built', without, undefined, ['dlib-resnet', 'default']],
    [
      'the better one with a damaged file, so that the damage is reported',
      storeWith({ mobilefacenet: 'damaged' }),
      undefined,
      ['mobilefacenet', 'default'],
    ],
    [
      'the one that made the gallery, whatever packs exist',
      storeWith(),
      { made: dlib },
      ['dlib-resnet', 'gallery'],
    ],
    ['the one that made it, even if it is missing', without, { made: mobile }, ['mobilefacenet', 'gallery']],
    [
      'the one that a complete move leads to',
      storeWith(),
      { made: dlib, readyFor: mobile },
      ['mobilefacenet', 'gallery'],
    ],
    [
      'the one before a move, if the network of the new one is gone',
      without,
      { made: dlib, readyFor: mobile },
      ['dlib-resnet', 'gallery'],
    ],
    [
      'the better one for templates of an unknown one, which the gallery then refuses',
      storeWith(),
      { made: recogniserId('of-old-1') },
      ['mobilefacenet', 'default'],
    ],
  ];
  for (const [title, models, gallery, expected] of cases) {
    test(`unless configured, is ${title}`, async () => {
      const { name, reason } = await chooseRecogniser(models, 'auto', gallery);
      assert.deepEqual([name, reason], expected);
    });
  }

  test('is the configured one, whatever the gallery says', async () => {
    const { name, reason } = await chooseRecogniser(storeWith(), 'faceres', { made: dlib, readyFor: mobile });
    assert.deepEqual([name, reason], ['faceres', 'configured']);
  });

  test('is shown by models list, with its doubt or remedy', async () => {
    const [there, absent] = await Promise.all(
      [storeWith(), without].map((models) => models.status('mobilefacenet')),
    );
    assert.ok(there && absent);
    assert.match(automaticRecogniser([there]), /: mobilefacenet\n {2}its training photos are not documented/);
    assert.match(
      automaticRecogniser([{ ...absent, remedy: 'Run: rollcall models build' } as PackStatus]),
      /: dlib-resnet, because mobilefacenet.*is not on this machine\n {2}what to do: Run: rollcall models build$/,
    );
  });
});

test('rollcall models list tells the state of each pack, and both hashes of a damaged one', async () => {
  const store = await openModelStore();
  const [pack, broken] = [store.pack('mobilefacenet'), store.pack('sface')];
  const lines = statusTable([
    { pack, state: 'ready', path: '/models/a' },
    { pack: broken, state: 'damaged', path: '/models/b', foundSha256: 'f00d' },
  ]).split('\n');
  assert.match(lines[0] ?? '', /^pack +role +state +source +licence$/);
  assert.match(lines[1] ?? '', /^mobilefacenet +recogniser +ready +/);
  assert.match(lines[2] ?? '', /^sface +recogniser +damaged +/);
  assert.equal(lines[3], `sface: /models/b is damaged: expected SHA-256 ${broken.sha256}, found f00d`);
});
