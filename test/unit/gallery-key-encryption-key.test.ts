import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KeyEncryptionKey } from '../../daemon/core/gallery/keys/key-encryption-key.js';
import { keyIdOf } from '../../daemon/core/gallery/keys/key-id.js';
import { places } from '../../daemon/core/gallery/places.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { recogniserId } from '../../daemon/kernel/ids.js';

const kekOf = (fill: number): KeyEncryptionKey => new KeyEncryptionKey(new Uint8Array(32).fill(fill));
const place = places.dataKey('k-1');
const dataKey = new Uint8Array(32).fill(5);

describe('a key-encryption key', () => {
  test('is the same again from the same bytes: id, check value, and what it wrapped opens', () => {
    using first = kekOf(1);
    using again = kekOf(1);
    assert.equal(again.id, first.id);
    assert.equal(first.id, keyIdOf(new Uint8Array(32).fill(1)));
    assert.match(first.id, /^[0-9a-f]{16}$/);
    assert.ok(again.hasCheckValue(first.checkValue()));
    assert.deepEqual(Uint8Array.from(again.unwrap(place, first.wrap(place, dataKey)) ?? []), dataKey);
  });

  test('made of other bytes has another id and check value and unwraps nothing', () => {
    using first = kekOf(1);
    using other = kekOf(2);
    assert.notEqual(other.id, first.id);
    assert.equal(other.hasCheckValue(first.checkValue()), false);
    assert.equal(other.hasCheckValue(new Uint8Array(3)), false);
    assert.equal(other.unwrap(place, first.wrap(place, dataKey)), undefined);
  });

  test('unwraps a key only in the place that it wrapped it for', () => {
    using key = kekOf(1);
    const wrapped = key.wrap(place, dataKey);
    assert.equal(key.unwrap(places.dataKey('k-2'), wrapped), undefined);
    assert.equal(key.unwrap(places.otherKey('k-1', ''), wrapped), undefined);
    const seal = key.wrap(places.gallerySeal(key.id, recogniserId('r-1')), new Uint8Array(0));
    assert.ok(key.unwrap(places.gallerySeal(key.id, recogniserId('r-1')), seal));
    assert.equal(key.unwrap(places.gallerySeal(key.id, recogniserId('r-2')), seal), undefined);
  });

  test('copies its bytes, which the caller may wipe, and gives copies', () => {
    const bytes = new Uint8Array(32).fill(9);
    using key = new KeyEncryptionKey(bytes);
    const wrapped = key.wrap(place, dataKey);
    bytes.fill(0);
    assert.ok(key.unwrap(place, wrapped));
    const copy = key.copy();
    assert.deepEqual(Uint8Array.from(copy), new Uint8Array(32).fill(9));
    copy.fill(0);
    assert.ok(key.unwrap(place, wrapped), 'what it gave away was not its own memory');
  });

  test('shows its bytes neither in its id, its check value or what it wraps, nor as text', () => {
    const bytes = Uint8Array.from({ length: 32 }, (_, at) => 37 + 5 * at);
    using key = new KeyEncryptionKey(bytes);
    const secret = Buffer.from(bytes);
    const shown = [key.checkValue(), key.wrap(place, dataKey)];
    for (const each of shown) {
      for (let at = 0; at + 8 <= 32; at += 1)
        assert.equal(Buffer.from(each).includes(secret.subarray(at, at + 8)), false);
    }
    assert.equal(JSON.stringify(key), JSON.stringify({ id: key.id }));
    assert.notEqual(Buffer.from(key.checkValue()).toString('hex').slice(0, 16), key.id);
  });

  test('cannot be used for anything after its disposal', () => {
    const key = kekOf(1);
    const wrapped = key.wrap(place, dataKey);
    const check = key.checkValue();
    key[Symbol.dispose]();
    const uses: readonly (() => unknown)[] = [
      () => key.wrap(place, dataKey),
      () => key.unwrap(place, wrapped),
      () => key.checkValue(),
      () => key.hasCheckValue(check),
      () => key.copy(),
    ];
    for (const use of uses) {
      assert.throws(use, (error) => isRollcallError(error, 'key-disposed') && error.kind === 'defect');
    }
    key[Symbol.dispose]();
  });

  test('lies in memory that is locked and not in core dumps', () => {
    using key = kekOf(1);
    const [copy, plain] = [key.copy(), new Uint8Array(32)].map((bytes) => 'secure' in bytes && bytes.secure);
    assert.deepEqual([copy, plain], [true, false]);
  });

  test('has 32 bytes', () => {
    for (const size of [0, 16, 31, 33, 64]) {
      assert.throws(
        () => new KeyEncryptionKey(new Uint8Array(size)),
        (error) => isRollcallError(error, 'key-size'),
      );
    }
  });
});
