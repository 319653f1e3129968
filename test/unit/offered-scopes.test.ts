import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { offeredScopes } from '../../daemon/console/api/offered-scopes.js';
import { allScopes } from '../../daemon/contract/scopes.js';

describe('what the console offers an account', () => {
  test('is everything that its scopes allow', () => {
    assert.deepEqual([...offeredScopes({ scopes: allScopes })], [...allScopes]);
    assert.deepEqual([...offeredScopes({ scopes: ['status:read'] })], ['status:read']);
  });

  test('leaves out what counts at all cameras when the account is limited to some', () => {
    const offered = offeredScopes({ scopes: allScopes, cameras: ['door'] });
    assert.deepEqual(
      allScopes.filter((scope) => !offered.has(scope)),
      ['persons:export', 'strangers:write', 'attendance:read'],
    );
  });
});
