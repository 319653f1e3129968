import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isoTime, wallMsOf } from '../../daemon/kernel/iso-time.js';

const firstMs = Date.parse('0000-01-01T00:00:00.000Z');
const lastMs = Date.parse('9999-12-31T23:59:59.999Z');

describe('isoTime', () => {
  test('agrees with the calendar of the runtime', () => {
    fc.assert(
      fc.property(fc.integer({ min: firstMs, max: lastMs }), (wallMs) => {
        assert.equal(isoTime(wallMs), new Date(wallMs).toISOString());
        assert.equal(wallMsOf(isoTime(wallMs)), wallMs);
      }),
    );
  });

  for (const text of [
    '1970-01-01T00:00:00.000Z',
    '1969-12-31T23:59:59.999Z',
    '2000-02-29T12:00:00.001Z',
    '2024-02-29T23:59:59.999Z',
    '2100-02-28T23:59:59.999Z',
    '2100-03-01T00:00:00.000Z',
    '9999-12-31T23:59:59.999Z',
  ]) {
    test(text, () => assert.equal(isoTime(Date.parse(text)), text));
  }

  test('is read back only in its own form', () => {
    for (const text of ['', '2026-03-01', '2026-03-01T08:00:00Z', '2026-03-01T08:00:00.000+01:00']) {
      assert.ok(Number.isNaN(wallMsOf(text)), text);
    }
  });

  test('cuts fractions of a millisecond', () => {
    assert.equal(isoTime(1234.9), '1970-01-01T00:00:01.234Z');
  });
});
