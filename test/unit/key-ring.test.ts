import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KeyEncryptionKey } from '../../daemon/core/gallery/keys/key-encryption-key.js';
import { KeyRing } from '../../daemon/core/gallery/keys/key-ring.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';

const kekOf = (fill: number): KeyEncryptionKey => new KeyEncryptionKey(new Uint8Array(32).fill(fill));
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

describe('a key ring', () => {
  test('gives different data keys, and opens the rows that it made of them', () => {
    using ring = new KeyRing(kekOf(1));
    const made = Array.from({ length: 20 }, () => ring.newDataKey());
    assert.equal(new Set(made.map(({ key }) => hex(key.bytes))).size, 20);
    assert.equal(new Set(made.map(({ row }) => row.id)).size, 20);
    for (const { row, key } of made) {
      assert.deepEqual([row.id, row.kekId], [key.id, ring.current.id]);
      assert.equal(hex(ring.unwrap(row)?.bytes ?? new Uint8Array(0)), hex(key.bytes));
      assert.equal(Buffer.from(row.wrapped).includes(Buffer.from(key.bytes)), false);
    }
  });

  test('opens no row that was swapped, altered or relabelled', () => {
    using ring = new KeyRing(kekOf(1));
    const [one, other] = [ring.newDataKey().row, ring.newDataKey().row];
    assert.equal(ring.unwrap({ ...one, wrapped: other.wrapped }), undefined);
    assert.equal(ring.unwrap({ ...one, id: other.id }), undefined);
    assert.equal(ring.unwrap({ ...one, kekId: 'ffffffffffffffff' }), undefined);
    for (const at of one.wrapped.keys()) {
      const wrapped = Uint8Array.from(one.wrapped);
      wrapped[at] = (wrapped[at] ?? 0) ^ 1;
      assert.equal(ring.unwrap({ ...one, wrapped }), undefined, `byte ${at}`);
    }
  });

  test('opens rows of both keys during a rotation, wraps with the new one, and forgets the old one at the end', () => {
    const [old, next] = [kekOf(1), kekOf(2)];
    using ring = new KeyRing(old);
    const before = ring.newDataKey();
    ring.beginRotation(next);
    assert.deepEqual([ring.current, ring.retiring], [next, old]);
    assert.equal(hex(ring.unwrap(before.row)?.bytes ?? new Uint8Array(0)), hex(before.key.bytes));
    const rewrapped = ring.wrap(before.key);
    assert.deepEqual([rewrapped.id, rewrapped.kekId], [before.row.id, next.id]);
    ring.endRotation();
    assert.equal(ring.retiring, undefined);
    assert.equal(ring.unwrap(before.row), undefined);
    assert.equal(hex(ring.unwrap(rewrapped)?.bytes ?? new Uint8Array(0)), hex(before.key.bytes));
    assert.throws(
      () => old.copy(),
      (error) => isRollcallError(error, 'key-disposed'),
    );
  });

  test('lends an unwrapped key only for the time of the work, even if the work fails', () => {
    using ring = new KeyRing(kekOf(1));
    const { row, key } = ring.newDataKey();
    let lent: Uint8Array | undefined;
    const size = ring.using(row, ({ bytes }) => {
      lent = bytes;
      assert.equal(hex(bytes), hex(key.bytes));
      return bytes.length;
    });
    assert.equal(size, 32);
    assert.ok(lent?.every((byte) => byte === 0));
    lent = undefined;
    const failing = () =>
      ring.using(row, ({ bytes }) => {
        lent = bytes;
        throw new Error('the work failed');
      });
    assert.throws(failing, /the work failed/);
    assert.ok((lent as Uint8Array | undefined)?.every((byte) => byte === 0));
    assert.equal(
      ring.using({ ...row, wrapped: new Uint8Array(73) }, () => 1),
      undefined,
    );
  });

  test('wipes both keys in the end', () => {
    const keys = [kekOf(1), kekOf(2)] as const;
    new KeyRing(...keys)[Symbol.dispose]();
    for (const key of keys)
      assert.throws(
        () => key.copy(),
        (error) => isRollcallError(error, 'key-disposed'),
      );
  });
});
