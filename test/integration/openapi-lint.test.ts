import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { temporaryDirectory } from '../support/temporary-directory.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const documentPath = join(root, 'docs/contract/openapi.yaml');
const configPath = join(root, 'docs/contract/redocly.yaml');

function lint(path: string) {
  const cli = join(root, 'node_modules/@redocly/cli/bin/cli.js');
  const run = spawnSync(process.execPath, [cli, 'lint', '--config', configPath, '--format', 'json', path], {
    encoding: 'utf8',
    // Sends nothing: neither who runs it, nor a question for a newer version.
    env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  });
  return { code: run.status, text: run.stdout + run.stderr };
}

describe('the OpenAPI document', () => {
  test('has no fault in the eyes of a linter', () => {
    const { code, text } = lint(documentPath);
    assert.equal(code, 0, text);
  });

  test('is refused by the linter if a reference leads nowhere or an operation has no error', async () => {
    await using folder = await temporaryDirectory();
    const document = readFileSync(documentPath, 'utf8');
    const broken = join(folder.path, 'broken.yaml');
    writeFileSync(broken, document.replace('#/components/schemas/Meta', '#/components/schemas/Nothing'));
    assert.match(lint(broken).text, /no-unresolved-refs/);
    writeFileSync(broken, document.replace(/^ {8}"4\d\d":\n {10}\$ref: .*\n/gm, ''));
    assert.match(lint(broken).text, /operation-4xx-response/);
  });
});
