import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  centreCalls,
  operationOfCommand,
  scopeOfCall,
} from '../../daemon/contract/events/called-operations.js';
import { commands } from '../../daemon/contract/events/command-schema.js';
import type { OperationDeclaration } from '../../daemon/contract/operation.js';
import { operations } from '../../daemon/contract/operations.js';
import {
  callOf,
  type OperationCommand,
  scopesOfIssuer,
} from '../../daemon/core/commands/command-operations.js';

const context = {
  by: { actor: 'issuer:head-office', origin: 'command 0193' },
  progress: () => undefined,
  signal: AbortSignal.any([]),
};

describe('the operation behind a command', () => {
  const names = Object.keys(operationOfCommand) as OperationCommand[];

  test('is called by the issuer with the scopes that the scope of the command stands for, and no others', () => {
    for (const name of names) {
      const { scope } = commands[name];
      assert.equal(scope, operations[operationOfCommand[name]].centre.scope, name);
      const { caller } = callOf(scope, context);
      assert.deepEqual([caller.actor, caller.origin], ['issuer:head-office', 'command 0193']);
      assert.deepEqual([...caller.scopes], scopesOfIssuer[scope]);
      assert.ok(caller.scopes.has(operations[operationOfCommand[name]].scope), name);
    }
  });

  test('can be called by `call-operation` unless it takes files or secrets, and with the scope that its row names', () => {
    const callable = Object.entries(operations).flatMap(
      ([id, { centre, files, secrets }]: [string, OperationDeclaration]) =>
        centre === undefined || centre.isOnlyOwn === true || files !== undefined || secrets !== undefined
          ? []
          : [[id, centre.scope]],
    );
    assert.ok(callable.length > 15, `${callable.length}`);
    assert.deepEqual(
      [...centreCalls].map(([id, { centre }]) => [id, centre.scope]),
      callable,
    );
    assert.equal(scopeOfCall('persons.erase'), 'persons:erase');
    for (const closed of [
      'persons.enrol',
      'persons.update',
      'persons.restore',
      'alerts.mute',
      'users.create',
      'config.apply',
      'nothing',
      7,
      undefined,
    ])
      assert.equal(scopeOfCall(closed), undefined, String(closed));
  });

  test('whose input or answer has names travels sealed', () => {
    const sealed = [...centreCalls].flatMap(([id, { centre }]) =>
      centre.sealed === undefined ? [] : [[id, centre.sealed]],
    );
    assert.deepEqual(Object.fromEntries(sealed), {
      'persons.list': 'both',
      'persons.show': 'answer',
      'persons.change-many': 'both',
    });
  });

  test('of a person is not open to an issuer that may only rotate keys', () => {
    assert.deepEqual(scopesOfIssuer['keys'], ['keys:write', 'identity:write']);
    const mayChange: readonly string[] = scopesOfIssuer['persons:write'];
    assert.ok(!mayChange.includes('persons:erase'));
  });
});
