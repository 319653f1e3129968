import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { hkdfKey, keyedHash } from '../../daemon/host/keyed-hash.js';

const key = Buffer.alloc(32, 7);
const hex = (
  ...[use, parts, by = key]: readonly [string, Parameters<typeof keyedHash>[2], Buffer?]
): string => keyedHash(by, use, parts).toString('hex');

describe('a keyed hash', () => {
  test('is an HMAC over the number of parts, and each part after its length', () => {
    const parts = Buffer.concat([
      ...[Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]), Buffer.from([3, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('use')],
      ...[Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('é')],
      ...[Buffer.from([2, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('17')],
    ]);
    assert.equal(hex('use', ['é', 17]), createHmac('sha256', key).update(parts).digest('hex'));
  });

  test('differs wherever a part, a border between parts, the use, or the key does', () => {
    const hashes = [
      ...[hex('use', ['ab', 'c']), hex('use', ['a', 'bc']), hex('use', ['abc']), hex('use', ['abc', ''])],
      ...[hex('use', []), hex('usea', ['bc']), hex('use', ['ab', 'c'], Buffer.alloc(32, 8))],
      ...[hex('use', [Buffer.from('abd')]), hex('use', [12, 3]), hex('use', [1, 23])],
    ];
    assert.equal(new Set(hashes).size, hashes.length);
    assert.equal(hex('use', [Buffer.from('abc')]), hex('use', ['abc']), 'bytes are what their text is');
  });
});

test('a key is derived for each use, and is not the key it comes from', () => {
  const [first, again, other] = ['audit', 'audit', 'backup'].map((use) => Buffer.from(hkdfKey(key, use)));
  assert.deepEqual(first, again);
  assert.notDeepEqual(first, other);
  assert.notDeepEqual(first, key);
  assert.equal(first?.length, 32);
});
