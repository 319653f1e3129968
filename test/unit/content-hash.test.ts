import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentHash } from '../../daemon/host/content-hash.js';

test('the hash of an input covers every field, the order of files, and secrets', async () => {
  const consent = { basis: 'consent', dateIso: '2026-01-15', reference: 'form 7' };
  const [front, side] = [Buffer.from('front'), Buffer.alloc(2 * 1024 * 1024, 1)];
  const same = {
    name: 'Ada',
    consent,
    isDryRun: false,
    photographs: [front, side],
    login: Buffer.from('a:b'),
  };
  const content = await contentHash(same);
  const { name, ...rest } = same;
  assert.equal(await contentHash({ ...rest, notes: undefined, name }), content, 'in any order of fields');
  for (const other of [
    { name: 'Bea' },
    { notes: 'x' },
    { consent: { ...consent, reference: 'form 8' } },
    { isDryRun: true },
    { photographs: [side, front] },
    { photographs: [front] },
    { photographs: [front, Buffer.alloc(2 * 1024 * 1024, 2)] },
    { login: Buffer.from('a:c') },
  ]) {
    assert.notEqual(await contentHash({ ...same, ...other }), content, Object.keys(other).join());
  }
});
