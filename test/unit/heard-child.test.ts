import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, test } from 'node:test';
import { hear } from '../support/heard-child.js';

const shell = (script: string) => hear(spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'] }));

describe('a heard child', () => {
  test('gives what it printed before anyone asked', async () => {
    const child = shell('echo one; echo two >&2; exit 3');
    assert.deepEqual(await child.ended, { code: 3, signal: null });
    await child.until('both lines', () => child.lines.length === 2);
    assert.deepEqual([...child.lines].sort(), ['one', 'two']);
  });

  test('rejects a wait for a line when it ends without the line', async () => {
    const child = shell('echo one; kill -KILL $$');
    await assert.rejects(
      child.until('a second line', () => child.lines.length === 2),
      /the child ended \(SIGKILL\) before a second line:\none$/,
    );
    await assert.rejects(
      child.causes('a connection', new Promise(() => undefined)),
      /ended \(SIGKILL\) before a connection/,
    );
  });

  test('rejects every wait when the program cannot be started', async () => {
    const child = hear(spawn('/no/such/program'));
    await assert.rejects(
      child.until('a line', () => child.lines.length > 0),
      /ENOENT/,
    );
    await assert.rejects(child.ended, /ENOENT/);
  });
});
