import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertTrusted } from '../../daemon/cli/identity/trust.js';

test('an unknown issuer or key is refused before the question', () => {
  const key = {
    issuer: 'head-office',
    keyId: 'K',
    algorithm: 'EdDSA',
    scopes: [],
    addedAt: '2026-01-01T00:00:00Z',
    isExpired: false,
  };
  const status = { keys: [key] };
  assert.throws(() => assertTrusted(status, 'elsewhere', undefined), { code: 'no-such-issuer' });
  assert.throws(() => assertTrusted(status, 'head-office', 'L'), { code: 'no-such-key' });
  assert.throws(() => assertTrusted(status, 'elsewhere', 'K'), { code: 'no-such-issuer' });
  assert.doesNotThrow(() => assertTrusted(status, 'head-office', 'K'));
  assert.doesNotThrow(() => assertTrusted(status, 'head-office', undefined));
});
