import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { doubtOf, dueBeforeMs, longestAbsenceDays } from '../../daemon/kernel/retention/retention-rules.js';

const dayMs = 86_400_000;
const seenMs = Date.UTC(2026, 5, 1);

const judge = (afterDays: number, upDays = 0, newestRecordMs: number | undefined = undefined) =>
  doubtOf({ nowMs: seenMs + afterDays * dayMs, seenMs, upMs: upDays * dayMs, newestRecordMs });

describe('whether a clock can be trusted', () => {
  test('it is trusted after a night, a weekend and a month without power', () => {
    for (const days of [0, 1, 3, longestAbsenceDays]) assert.equal(judge(days), undefined);
  });

  test('it is not trusted when more time went by than the box was off or running', () => {
    assert.deepEqual(judge(longestAbsenceDays + 1), { code: 'clock-ahead', days: longestAbsenceDays + 1 });
    assert.deepEqual(judge(400, 1), { code: 'clock-ahead', days: 399 });
    assert.equal(judge(400, 400), undefined, 'so long it has run');
  });

  test('it is not trusted before its last time or before the newest record', () => {
    assert.equal(judge(-0.9), undefined, 'set back a little');
    assert.deepEqual(judge(-3), { code: 'clock-behind', days: 3 });
    assert.deepEqual(judge(0, 0, seenMs + 5 * dayMs), { code: 'clock-behind', days: 5 });
    assert.equal(judge(1, 0, seenMs - 100 * dayMs), undefined, 'no person came for long');
  });

  test('a trusted clock is always within a month of the known time', () => {
    const days = fc.double({ min: -4000, max: 4000, noNaN: true });
    const upDays = fc.double({ min: 0, max: 400, noNaN: true });
    fc.assert(
      fc.property(days, upDays, days, (after, up, record) => {
        if (judge(after, up, seenMs + record * dayMs) !== undefined) return;
        assert.ok(after - up <= longestAbsenceDays + 1e-6);
        assert.ok(after >= Math.max(0, record) - 1 - 1e-6);
      }),
    );
  });
});

test('a rule gives the time before which data is due, and forever means never', () => {
  assert.equal(dueBeforeMs(7, seenMs), seenMs - 7 * dayMs);
  assert.equal(dueBeforeMs(0, seenMs), seenMs);
  assert.equal(dueBeforeMs('forever', seenMs), undefined);
});
