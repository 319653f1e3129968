import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { nearestWord } from '../../daemon/contract/settings/nearest-word.js';
import { parseUserPassword } from '../../daemon/host/user-password-secret.js';

const parse = (text: string): unknown => parseUserPassword(new TextEncoder().encode(text));

describe('a user:password secret', () => {
  test('splits at the first colon and keeps the rest whole', () => {
    assert.deepEqual(parse('admin:a:b@/ ä\n'), { user: 'admin', password: 'a:b@/ ä' });
    assert.deepEqual(parse('admin:\r\n'), { user: 'admin', password: '' });
    assert.deepEqual(parse('admin: spaced '), { user: 'admin', password: ' spaced ' });
  });

  test('is refused without a colon, without a user, or with several lines', () => {
    for (const text of ['', 'admin', ':password', 'admin:a\nother:b\n', 'ad\0min:x']) {
      assert.equal(parse(text), undefined, JSON.stringify(text));
    }
  });
});

describe('the nearest word', () => {
  test('forgives case, separators, swapped letters and small slips', () => {
    const known = ['cameras', 'credential', 'stallAfterS', 'mqtt', 'id'];
    assert.equal(nearestWord('Camera', known), 'cameras');
    assert.equal(nearestWord('stall-after-s', known), 'stallAfterS');
    assert.equal(nearestWord('mtqt', known), 'mqtt');
    assert.equal(nearestWord('credentials', known), 'credential');
  });

  test('is undefined when no word is near', () => {
    assert.equal(nearestWord('colour', ['cameras', 'mqtt']), undefined);
    assert.equal(nearestWord('x'.repeat(100), ['cameras']), undefined);
    assert.equal(nearestWord('cameras', []), undefined);
  });
});
