import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  creationOptionsFor,
  isCounterSuspect,
  requestOptionsFor,
} from '../../daemon/core/accounts/passkeys.js';
import type { PasskeyRow } from '../../daemon/core/accounts/passkeys-store.js';
import type { UserRow } from '../../daemon/core/accounts/users-store.js';

const party = { host: 'box.example', origins: ['https://box.example'] };
const anna = { id: 'u-1', userName: 'anna', displayName: 'Anna Berg' } as UserRow;
const passkey = (credentialId: string, transports: string): PasskeyRow => ({
  ...{ id: 'p-1', credentialId, userId: 'u-1', name: 'Phone', publicKey: Buffer.of(), counter: 0 },
  ...{ transports, createdAtMs: 0, lastUsedAtMs: null },
});
const known = [passkey('AAAA', '["internal","hybrid"]'), passkey('BBBB', '[]'), passkey('CCCC', '["usb",7]')];
const descriptors = [
  { id: 'AAAA', type: 'public-key', transports: ['internal', 'hybrid'] },
  { id: 'BBBB', type: 'public-key' },
  { id: 'CCCC', type: 'public-key', transports: ['usb'] },
];

test('a new passkey is asked for with its user verified, kept in the authenticator, and of no known maker', () => {
  assert.deepEqual(creationOptionsFor(anna, party, { challenge: 'XYZ', site: 'werk-nord', known }), {
    rp: { id: 'box.example', name: 'rollcall werk-nord' },
    user: { id: Buffer.from('u-1').toString('base64url'), name: 'anna', displayName: 'Anna Berg' },
    challenge: 'XYZ',
    // ES256, EdDSA and RS256.
    pubKeyCredParams: [-7, -8, -257].map((alg) => ({ type: 'public-key', alg })),
    timeout: 300_000,
    excludeCredentials: descriptors,
    authenticatorSelection: {
      ...{ residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
    },
    attestation: 'none',
  });
});

test('a new passkey of an account without a display name shows the user name', () => {
  const options = creationOptionsFor({ ...anna, displayName: '' }, party, {
    ...{ challenge: 'XYZ', site: 'werk-nord', known: [] },
  });
  assert.deepEqual([options.user.displayName, options.excludeCredentials], ['anna', []]);
});

test('an answer of a passkey is asked for with its user verified', () => {
  assert.deepEqual(requestOptionsFor(party, 'XYZ', known), {
    ...{ challenge: 'XYZ', rpId: 'box.example', timeout: 300_000, userVerification: 'required' },
    allowCredentials: descriptors,
  });
});

describe('the counter of a passkey', () => {
  test('is suspect if it does not rise', () => {
    assert.deepEqual(
      [isCounterSuspect(1, 1), isCounterSuspect(2, 1), isCounterSuspect(1, 0), isCounterSuspect(1, 2)],
      [true, true, true, false],
    );
  });

  test('is not suspect where the authenticator counts nothing, or begins to', () => {
    assert.deepEqual([isCounterSuspect(0, 0), isCounterSuspect(0, 1)], [false, false]);
  });
});
