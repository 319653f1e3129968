import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../daemon/cli/main.ts', import.meta.url));
const missing = !existsSync('/dev/full') && 'this system has no /dev/full';

const run = (redirection: string) =>
  spawnSync('sh', ['-c', `"$0" --import tsx "$1" --help ${redirection}`, process.execPath, main], {
    encoding: 'utf8',
  });

describe('output that cannot be written', { timeout: 60_000 }, () => {
  test('to a full device is one clear error', { skip: missing }, () => {
    const { status, stderr } = run('> /dev/full');
    assert.equal(status, 1);
    assert.match(stderr, /^error: the output cannot be written: .*ENOSPC/);
    assert.match(stderr, /what to do: /);
    assert.doesNotMatch(stderr, /\n\s+at /, 'no stack');
  });

  test('because the reader has gone is no error', () => {
    const { stderr } = run('| true');
    assert.equal(stderr, '');
  });
});
