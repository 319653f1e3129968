import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { builtInRoles } from '../../daemon/contract/scopes.js';
import { builtInRole, readCameras, readScopes } from '../../daemon/core/accounts/users-store.js';

describe('what a row of the accounts allows', () => {
  test('are those scopes that this release knows', () => {
    assert.deepEqual(readScopes('["events:read","of:tomorrow",5,null,"users:read"]'), [
      'events:read',
      'users:read',
    ]);
    assert.deepEqual([readScopes('[]'), readScopes('{}'), readScopes('"events:read"')], [[], [], []]);
  });

  test('are all cameras where none is named, and none where the names cannot be read', () => {
    assert.equal(readCameras(null), undefined);
    assert.deepEqual(readCameras('["gate",5,"hall"]'), ['gate', 'hall']);
    assert.deepEqual([readCameras('[]'), readCameras('{}'), readCameras('"gate"')], [[], [], []]);
  });

  test('is for a built-in role what the reference says', () => {
    for (const [name, scopes] of Object.entries(builtInRoles))
      assert.deepEqual(builtInRole(name), { name, description: '', scopes, isBuiltIn: true, revision: 1 });
    assert.equal(builtInRole('toString'), undefined);
    assert.equal(builtInRole('nothing'), undefined);
  });
});
