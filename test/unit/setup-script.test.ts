import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { root } from '../support/built.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

/** What `scripts/setup --compilers` prints in a checkout without npm packages, with a Node.js of this version of Node-API. */
async function compilersFor(napi: number): Promise<string> {
  await using directory = await temporaryDirectory();
  const at = (name: string): string => join(directory.path, name);
  await mkdir(at('scripts'));
  await mkdir(at('bin'));
  copyFileSync(join(root, 'scripts/setup'), at('scripts/setup'));
  await writeFile(at('package-lock.json'), '{}');
  await writeFile(
    at('napi.cjs'),
    `Object.defineProperty(process, 'versions', { value: { ...process.versions, napi: '${napi}' } });`,
  );
  await writeFile(
    at('bin/node'),
    `#!/bin/sh\nexec '${process.execPath}' --require '${at('napi.cjs')}' "$@"\n`,
  );
  chmodSync(at('bin/node'), 0o755);
  return execFileSync(at('scripts/setup'), ['--compilers'], {
    encoding: 'utf8',
    env: { ...process.env, PATH: [at('bin'), process.env['PATH']].join(delimiter) },
  }).trim();
}

test('compilers are only needed on a Node.js for which no package has a compiled SQLite', async () => {
  assert.equal(await compilersFor(9), 'python3 make g++');
  assert.equal(await compilersFor(10), '');
});
