import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { dayInText } from '../../daemon/console/shell/day-in-text.js';

/** A Friday. */
const today = '2026-11-27';
const found = (text: string, tag = 'en-GB') => dayInText(text, { today, tag });

describe('a day in what a user types', () => {
  test('is a word of their language, wherever it stands', () => {
    assert.deepEqual(found('ada yesterday'), { day: '2026-11-26', rest: 'ada' });
    assert.deepEqual(found('Today Ada Byron'), { day: today, rest: 'Ada Byron' });
    assert.deepEqual(found('ada gestern', 'de'), { day: '2026-11-26', rest: 'ada' });
    assert.deepEqual(found('ada aujourd’hui', 'fr'), { day: today, rest: 'ada' });
  });

  test('is the latest day of the week with that name', () => {
    assert.deepEqual(found('tuesday'), { day: '2026-11-24', rest: '' });
    assert.deepEqual(found('Friday'), { day: today, rest: '' });
    assert.deepEqual(found('samstag', 'de'), { day: '2026-11-21', rest: '' });
  });

  test('is a date, without a year the latest one', () => {
    assert.deepEqual(found('2026-11-02 ada'), { day: '2026-11-02', rest: 'ada' });
    assert.deepEqual(found('2.11.'), { day: '2026-11-02', rest: '' });
    assert.deepEqual(found('24/12'), { day: '2025-12-24', rest: '' });
    assert.deepEqual(found('24.12.2024'), { day: '2024-12-24', rest: '' });
  });

  test('is nothing that only looks like one', () => {
    for (const text of ['', 'ada', 'yesterdays', '31.2.', '2026-13-01', '12', 'demo-1'])
      assert.equal(found(text), undefined, text);
  });
});
