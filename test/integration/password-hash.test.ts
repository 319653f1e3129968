import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PasswordHasher, passwordCost } from '../../daemon/core/accounts/password-hash.js';
import { hashPassphrase } from '../../daemon/host/sodium.js';

const mib = 1024 * 1024;
const cheap = { passes: 1, memoryBytes: mib };

describe('the hash of a password', () => {
  test('costs what RFC 9106 names for machines where memory is short', () => {
    assert.deepEqual(passwordCost, { passes: 3, memoryBytes: 64 * mib });
  });

  test('holds its cost, its salt and Argon2id of the password', async () => {
    const hasher = new PasswordHasher({ passes: 2, memoryBytes: 1.5 * mib });
    const stored = Buffer.from(await hasher.hash('a password'));
    assert.deepEqual([stored.length, stored.readUInt32LE(0), stored.readUInt32LE(4)], [56, 2, 2]);
    const expected = await hashPassphrase(Buffer.from('a password'), stored.subarray(8, 24), {
      ...{ passes: 2, memoryBytes: 1.5 * mib },
    });
    assert.deepEqual(stored.subarray(24), Buffer.from(expected));
    assert.notDeepEqual(await hasher.hash('a password'), stored, 'another salt');
  });

  test('matches its password and no other', async () => {
    const hasher = new PasswordHasher(cheap);
    const stored = await hasher.hash('Bär 🐻');
    assert.equal(await hasher.matches('Bär 🐻', stored), true);
    assert.equal(await hasher.matches('Bär', stored), false);
    const altered = Buffer.from(stored);
    altered[55] = (altered[55] ?? 0) ^ 1;
    assert.equal(await hasher.matches('Bär 🐻', altered), false);
  });

  test('matches after the cost has changed', async () => {
    const stored = await new PasswordHasher({ passes: 1, memoryBytes: 2 * mib }).hash('a password');
    assert.equal(
      await new PasswordHasher({ passes: 3, memoryBytes: mib }).matches('a password', stored),
      true,
    );
  });

  test('matches nothing where there is none, or another form of it', async () => {
    const hasher = new PasswordHasher(cheap);
    const stored = await hasher.hash('a password');
    for (const none of [undefined, Buffer.of(), stored.subarray(1), Buffer.concat([stored, Buffer.of(0)])])
      assert.equal(await hasher.matches('a password', none), false);
  });

  test('matches nothing, and is not computed, where it names a cost that no hash has', async () => {
    const hasher = new PasswordHasher(cheap);
    for (const [at, value] of [
      [0, 17],
      [0, 0xffff_ffff],
      [4, 1025],
    ] as const) {
      const damaged = Buffer.from(await hasher.hash('a password'));
      damaged.writeUInt32LE(value, at);
      assert.equal(await hasher.matches('a password', damaged), false, `${value} at ${at}`);
    }
  });

  test('is worked on for ten at once: a further caller comes back later', async () => {
    const hasher = new PasswordHasher(cheap);
    const outcomes = await Promise.allSettled(Array.from({ length: 11 }, () => hasher.hash('a password')));
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      [...Array(10).fill('fulfilled'), 'rejected'],
    );
    const [last] = outcomes.slice(-1);
    const reason = last?.status === 'rejected' ? last.reason : undefined;
    assert.deepEqual([reason?.code, reason?.retryable, reason?.details], ['busy', true, { retryAfterS: 5 }]);
    await hasher.hash('a password');
  });
});
