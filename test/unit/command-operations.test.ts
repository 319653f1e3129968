import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { commands } from '../../daemon/contract/events/command-schema.js';
import { operations } from '../../daemon/contract/operations.js';
import {
  callOf,
  commandOperations,
  type OperationCommand,
  scopesOfIssuer,
} from '../../daemon/core/commands/command-operations.js';

const context = {
  by: { actor: 'issuer:head-office', origin: 'command 0193' },
  progress: () => undefined,
  signal: AbortSignal.any([]),
};

describe('the operation behind a command', () => {
  const names = Object.keys(commandOperations) as OperationCommand[];

  test('is called by the issuer with the scopes that the scope of the command stands for, and no others', () => {
    for (const name of names) {
      const { caller } = callOf(name, context);
      assert.deepEqual([caller.actor, caller.origin], ['issuer:head-office', 'command 0193']);
      assert.deepEqual([...caller.scopes], scopesOfIssuer[commands[name].scope]);
      assert.ok(caller.scopes.has(operations[commandOperations[name]].scope), name);
    }
  });

  test('of a person is not open to an issuer that may only rotate keys', () => {
    assert.deepEqual(scopesOfIssuer['keys'], ['keys:write', 'identity:write']);
    const mayChange: readonly string[] = scopesOfIssuer['persons:write'];
    assert.ok(!mayChange.includes('persons:erase'));
  });
});
