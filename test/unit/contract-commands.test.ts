import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { decodeJwt } from 'jose';
import { commandScopes } from '../../daemon/contract/command-scopes.js';
import { commandNames } from '../../daemon/contract/events/command-schema.js';
import { commandMessage } from '../../daemon/contract/events/messages.js';
import { verifyCommand } from '../../daemon/core/commands/verify-command.js';
import { exampleBox, exampleTimeMs } from '../../scripts/contract/example-box.js';
import { commandFiles, exampleCommands, exampleIssuerId } from '../../scripts/contract/example-commands.js';
import { strictValidator } from '../support/json-schema-validator.js';

const folder = new URL('../../docs/contract/examples/', import.meta.url);
const made = await exampleCommands();

/** How the example box verifies a token when it trusts the example centre. */
function verdict(command: string, token: string) {
  const { kid, ...publicKey } = made.publicKey;
  const key = { issuerId: exampleIssuerId, keyId: kid, algorithm: 'EdDSA', publicKey } as const;
  return verifyCommand(command, Buffer.from(token), {
    keys: { find: (keyId) => (keyId === kid ? { ...key, scopes: commandScopes } : undefined) },
    audience: `${exampleBox.siteId}/${exampleBox.boxId}`,
    nowMs: exampleTimeMs + 1000,
  });
}

describe('the examples of commands', () => {
  test('are up to date in the folder', () => {
    const files = commandFiles(made);
    for (const [name, content] of files) {
      assert.equal(
        readFileSync(new URL(name, folder), 'utf8'),
        content,
        `${name}; run scripts/contract/main.ts`,
      );
    }
    const there = readdirSync(folder).filter((name) => name.endsWith('.jwt'));
    assert.equal(there.length + 1, files.size, 'none is left over');
  });

  for (const { name, command, token } of made.commands) {
    test(`are accepted by the box and match the contract: ${name}`, async () => {
      const found = await verdict(command, token);
      assert.equal(found.outcome, 'verified', JSON.stringify(found));
      const claims = decodeJwt(token);
      commandMessage(command).schema.parse(claims);
      const validate = strictValidator(name);
      assert.ok(validate(claims), JSON.stringify(validate.errors));
    });

    test(`are refused by the program and the JSON Schema without a required field: ${name}`, () => {
      const claims: Record<string, unknown> = { ...decodeJwt(token) };
      const { required } = JSON.parse(
        readFileSync(new URL(`../schemas/${name}.schema.json`, folder), 'utf8'),
      ) as { readonly required: readonly string[] };
      for (const claim of required) {
        const { [claim]: _, ...rest } = claims;
        assert.equal(commandMessage(command).schema.safeParse(rest).success, false, claim);
        assert.equal(strictValidator(name)(rest), false, claim);
      }
      const more = { ...claims, arguments: { ...(claims['arguments'] as object), more: 1 } };
      assert.equal(commandMessage(command).schema.safeParse(more).success, false);
      assert.equal(strictValidator(name)(more), false);
    });
  }

  test('do not include commands with sealed content', () => {
    const shown = new Set(made.commands.map(({ command }) => command));
    const sealed = ['enrol-person', 'update-person', 'gallery-digest', 'list-persons'];
    assert.deepEqual(commandNames.filter((name) => !shown.has(name)).sort(), sealed.sort());
  });
});
