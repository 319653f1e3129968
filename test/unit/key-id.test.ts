import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keyIdOf } from '../../daemon/core/gallery/keys/key-id.js';

test('the id of a key is the one that all earlier galleries store', () => {
  // Computed with another implementation: BLAKE2b of Python's hashlib, with the salt and personalisation of crypto_kdf.
  const kek = Uint8Array.from({ length: 32 }, (_, index) => index);
  assert.equal(keyIdOf(kek), '1862b386c342eeda');
  assert.deepEqual([...kek.subarray(0, 3)], [0, 1, 2], 'the key is left as it was');
});
