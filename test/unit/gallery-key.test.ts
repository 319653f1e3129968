import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isRollcallError } from '../../daemon/base/errors.js';
import { createGalleryKey, GalleryKey, readGalleryKey } from '../../daemon/gallery/gallery-key.js';
import { loadSodium } from '../../daemon/gallery/sodium.js';
import { fixedKey } from '../support/gallery-fixture.js';

const sodium = await loadSodium();
const place = { table: 'person', column: 'name', rowId: 'p-1', within: [] };

describe('a gallery key', () => {
  test('is derived from the secret alone: the same secret opens what it sealed before', async () => {
    using first = await readGalleryKey(fixedKey(1));
    using again = await readGalleryKey(fixedKey(1));
    assert.equal(again.id, first.id);
    assert.ok(again.hasCheckValue(first.checkValue));
    assert.deepEqual(again.open(place, first.seal(place, Uint8Array.of(5, 6))), Uint8Array.of(5, 6));
  });

  test('of another secret has another id and check value and opens nothing', async () => {
    using first = await readGalleryKey(fixedKey(1));
    using other = await readGalleryKey(fixedKey(2));
    assert.notEqual(other.id, first.id);
    assert.equal(other.hasCheckValue(first.checkValue), false);
    assert.equal(other.hasCheckValue(new Uint8Array(3)), false);
    assert.equal(other.open(place, first.seal(place, Uint8Array.of(5))), undefined);
  });

  test('shows neither the secret nor the sealing key in what it stores', () => {
    const secret = new Uint8Array(32).fill(9);
    using key = new GalleryKey(sodium, secret);
    assert.notDeepEqual(key.checkValue, secret);
    assert.notEqual(key.id, sodium.to_hex(key.checkValue).slice(0, 16));
  });

  test('is unusable once disposed', async () => {
    const key = await readGalleryKey(fixedKey(1));
    const sealed = key.seal(place, Uint8Array.of(1));
    const stored = key.checkValue;
    key[Symbol.dispose]();
    assert.equal(key.hasCheckValue(stored), false, 'the check value was wiped');
    assert.throws(
      () => key.open(place, sealed),
      (error) => isRollcallError(error, 'key-disposed'),
    );
    assert.throws(
      () => key.seal(place, Uint8Array.of(1)),
      (error) => isRollcallError(error, 'key-disposed'),
    );
  });
});

describe('reading the key', () => {
  test('wipes the bytes it was given', async () => {
    const secret = new Uint8Array(32).fill(8);
    using key = await readGalleryKey({ description: 'the test', readSecret: async () => secret });
    assert.ok(key.id.length === 16);
    assert.ok(secret.every((byte) => byte === 0));
  });

  test('names a missing key and what to do', async () => {
    const reading = readGalleryKey({ description: 'the secret "k"', readSecret: async () => undefined });
    await assert.rejects(reading, (error) => {
      assert.ok(isRollcallError(error, 'key-missing'));
      assert.match(error.message, /the secret "k"/);
      assert.match(error.remedy ?? '', /rollcall key init/);
      return true;
    });
  });

  test('refuses a secret of another size, and wipes it', async () => {
    const secret = new Uint8Array(33).fill(8);
    const reading = readGalleryKey({ description: 'the test', readSecret: async () => secret });
    await assert.rejects(reading, (error) => isRollcallError(error, 'key-malformed'));
    assert.ok(secret.every((byte) => byte === 0));
  });

  test('makes new keys that differ', async () => {
    const [one, other] = [await createGalleryKey(), await createGalleryKey()];
    assert.equal(one.length, 32);
    assert.notDeepEqual(one, other);
  });
});
