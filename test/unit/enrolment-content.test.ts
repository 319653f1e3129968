import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentOf } from '../../daemon/app/gallery/enrolment-keys.js';

test('the content of an enrolment covers every field and the order of photographs, and not the key', async () => {
  const consent = { basis: 'consent', dateIso: '2026-01-15', reference: 'form 7' };
  const [front, side] = [Buffer.from('front'), Buffer.from('side')];
  const same = {
    name: 'Ada',
    consent,
    isDuplicateAllowed: false,
    isDryRun: false,
    photographs: [front, side],
  };
  const content = await contentOf({ ...same, idempotencyKey: 'a' });
  const { name, ...rest } = same;
  assert.equal(await contentOf({ ...rest, idempotencyKey: 'b', name }), content, 'in any order of fields');
  for (const other of [
    { name: 'Bea' },
    { notes: 'x' },
    { consent: { ...consent, reference: 'form 8' } },
    { isDuplicateAllowed: true },
    { faceNumber: 1 },
    { photographs: [side, front] },
    { photographs: [front] },
  ]) {
    assert.notEqual(await contentOf({ ...same, ...other }), content, JSON.stringify(other));
  }
});
