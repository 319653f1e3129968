import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { builtCommand } from '../support/box.js';

const missing = !existsSync('/dev/full') && 'this system has no /dev/full';

const run = (redirection: string) =>
  spawnSync('sh', ['-c', `"$0" "$1" --help ${redirection}`, process.execPath, builtCommand()], {
    encoding: 'utf8',
  });

describe('output that cannot be written', () => {
  test('to a full device causes one clear error', { skip: missing }, () => {
    const { status, stderr } = run('> /dev/full');
    assert.equal(status, 1);
    assert.match(stderr, /^error: cannot write the output: .*ENOSPC/);
    assert.match(stderr, /what to do: /);
    assert.doesNotMatch(stderr, /\n\s+at /, 'the error has no stack');
  });

  test('causes no error after the reader has closed the pipe', () => {
    const { stderr } = run('| true');
    assert.equal(stderr, '');
  });
});
