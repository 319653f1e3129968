import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { closeOf, exitOf, firstLineOf } from '../../scripts/child-end.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const shell = (script: string) => spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit'] });

describe('waiting for the end of a child', () => {
  test('resolves immediately if the child has ended already', async () => {
    const child = shell('exit 3');
    assert.deepEqual(await exitOf(child), { code: 3, signal: null });
    assert.deepEqual(await exitOf(child), { code: 3, signal: null });
    assert.deepEqual(await closeOf(child), { code: 3, signal: null });
    assert.deepEqual(await closeOf(child), { code: 3, signal: null });
  });

  test('gives the signal that ended it', async () => {
    const child = shell('kill -KILL $$');
    assert.deepEqual(await closeOf(child), { code: null, signal: 'SIGKILL' });
  });

  test('fails if the program cannot be started', async () => {
    await assert.rejects(exitOf(spawn('/no/such/program')), /ENOENT/);
  });

  test('for the first line fails if the child ends without one', async () => {
    assert.equal(await firstLineOf(shell('echo one; echo two')), 'one');
    await assert.rejects(firstLineOf(shell('exit 4')), /ended without a line \(4\)/);
  });
});

/** A wait for the end of a child that hangs where the child has ended before. */
const hangingWait =
  /\bonce\(\s*[\w.#]*(?:child|daemon|parent),\s*'(?:exit|close)'|(?:child|daemon|parent)\.once\(\s*'(?:exit|close)'/i;

test('no test or script waits for the end of a child in a way that misses an end that has passed', () => {
  const sources = ['test', 'scripts'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.m?ts$|\.mjs$/.test(name))
      .map((name) => join(folder, name)),
  );
  assert.ok(sources.length > 300, 'the sources were found');
  const offenders = sources
    .filter((file) => !file.endsWith('child-end.ts') && !file.endsWith('child-end.test.ts'))
    .filter((file) => hangingWait.test(readFileSync(join(root, file), 'utf8')));
  assert.deepEqual(offenders, [], 'use exitOf or closeOf of scripts/child-end.ts');
  assert.match("await once(child, 'exit')", hangingWait);
  assert.match("daemon.once('close', resolve)", hangingWait);
});
