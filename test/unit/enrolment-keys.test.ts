import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { contentOf, EnrolmentKeys } from '../../daemon/app/gallery/enrolment-keys.js';
import { VirtualClock } from '../../daemon/base/virtual-clock.js';

const enrolment = (personId: string) => ({ content: 'c', personId, photographs: [], resembles: [] });
const hourMs = 60 * 60_000;

describe('idempotency keys', () => {
  test('are forgotten after 24 hours', () => {
    const clock = new VirtualClock(0);
    const keys = new EnrolmentKeys(clock);
    keys.remember('uid:0', 'key', enrolment('p-1'));
    clock.advanceBy(24 * hourMs - 1);
    assert.equal(keys.find('uid:0', 'key', 'c')?.personId, 'p-1');
    clock.advanceBy(1);
    assert.equal(keys.find('uid:0', 'key', 'other content'), undefined);
  });

  test('belong to one caller each', () => {
    const keys = new EnrolmentKeys(new VirtualClock(0));
    keys.remember('user:1', 'key', enrolment('p-1'));
    assert.equal(keys.find('user:2', 'key', 'other content'), undefined);
    assert.throws(() => keys.find('user:1', 'key', 'other content'), { code: 'idempotency-key-reused' });
  });

  test('take a bounded room: the oldest are forgotten first', () => {
    const keys = new EnrolmentKeys(new VirtualClock(0));
    for (let index = 0; index <= 10_000; index += 1) keys.remember('uid:0', `key-${index}`, enrolment('p-1'));
    assert.equal(keys.find('uid:0', 'key-0', 'c'), undefined);
    assert.equal(keys.find('uid:0', 'key-1', 'c')?.personId, 'p-1');
  });

  test('go with an erased person', () => {
    const keys = new EnrolmentKeys(new VirtualClock(0));
    keys.remember('uid:0', 'one', enrolment('p-1'));
    keys.remember('uid:0', 'two', enrolment('p-2'));
    keys.forget('p-1');
    assert.equal(keys.find('uid:0', 'one', 'other content'), undefined);
    assert.equal(keys.find('uid:0', 'two', 'c')?.personId, 'p-2');
  });
});

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
