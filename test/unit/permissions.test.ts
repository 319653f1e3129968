import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OperationDeclaration } from '../../daemon/contract/operation.js';
import { operations } from '../../daemon/contract/operations.js';
import { readPermissions } from '../support/permissions.js';

/** What the contract declares, in the words of the table. What handlers decide alone stays as the table says. */
function declared(operation: string, row: Record<'cameras' | 'audit', string>) {
  const all: Readonly<Record<string, OperationDeclaration>> = operations;
  const declaration = all[operation];
  if (declaration === undefined) return undefined;
  const { scope, camera, needsStepUp, withoutProof, secondPerson, rate, audit } = declaration;
  return {
    operation,
    scope: scope === 'self' && declaration.allowsMustChange ? 'self+first' : scope,
    isForAnyone: scope === 'public',
    isForBox: declaration.isLocalOnly === true,
    cameras: camera === undefined && !row.cameras.startsWith('field:') ? row.cameras : `field:${camera}`,
    proof: !needsStepUp ? '-' : withoutProof === undefined ? 'fresh' : 'some',
    second: secondPerson ?? '-',
    rate,
    audit: audit === undefined ? '-' : row.audit,
  };
}

// A running box is asked by test/e2e/permissions.test.ts, which takes minutes. This one fails within a second.
test('the contract declares for each operation what the table of permissions says', () => {
  for (const row of readPermissions()) {
    const { operation, roles, scope, cameras, proof, second, rate, audit } = row;
    assert.deepEqual(declared(operation, row), {
      ...{ operation, scope, cameras, proof, second, rate, audit },
      isForAnyone: roles === 'anyone',
      isForBox: roles === 'box',
    });
  }
});
