import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { lastErrorIn, serviceState } from '../../daemon/host/service-state.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

describe('the state of a service', () => {
  const { PATH = '' } = process.env;
  let directory: Awaited<ReturnType<typeof temporaryDirectory>>;
  /** Programs that print what systemd and its journal would. */
  const print = async (program: string, text: string): Promise<void> => {
    const path = join(directory.path, program);
    await writeFile(path, `#!/bin/sh\ncat <<'END'\n${text}\nEND\n`, { mode: 0o755 });
  };
  before(async () => {
    directory = await temporaryDirectory();
    process.env['PATH'] = `${directory.path}:${PATH}`;
    await print('journalctl', 'rollcalld: the disk is full\n  what to do: Make room.');
  });
  after(async () => {
    process.env['PATH'] = PATH;
    await directory[Symbol.asyncDispose]();
  });

  const said = { message: 'the disk is full', remedy: 'Make room.' };
  for (const [load, active, result, restarts, state] of [
    ['loaded', 'active', 'success', 0, { state: 'running' }],
    ['loaded', 'reloading', 'success', 0, { state: 'running' }],
    ['loaded', 'inactive', 'success', 0, { state: 'stopped' }],
    ['loaded', 'activating', 'success', 0, { state: 'starting' }],
    ['loaded', 'activating', 'success', 3, { state: 'failing', result: 'starting again', said }],
    ['loaded', 'activating', 'exit-code', 0, { state: 'failing', result: 'exit-code, status 3', said }],
    ['loaded', 'failed', 'exit-code', 5, { state: 'failing', result: 'exit-code, status 3', said }],
    ['not-found', 'inactive', 'success', 0, undefined],
  ] as const)
    test(`is ${state?.state ?? 'not known'} where systemd says ${load}, ${active}, ${result}, ${restarts} restarts`, async () => {
      const facts = { LoadState: load, ActiveState: active, Result: result, NRestarts: restarts };
      const lines = Object.entries({ Id: 'rollcalld.service', ...facts, ExecMainStatus: 3 });
      await print('systemctl', lines.map((line) => line.join('=')).join('\n'));
      assert.deepEqual(await serviceState('rollcalld'), state);
    });
});

describe('the last error of a service', () => {
  test('is the newest one, with its remedy, whatever the log of the next start says', () => {
    const journal = [
      'rollcalld: the gallery is sealed',
      '  what to do: nothing any more',
      '{"level":"info","message":"starting"}',
      'rollcalld: the configuration cannot be used',
      '/etc/rollcall/rollcall.yaml:3:1: unknown setting "camras"',
      '  what to do: Correct the file',
      '{"level":"info","message":"starting"}',
      '',
    ].join('\n');
    assert.deepEqual(lastErrorIn(journal, 'rollcalld'), {
      message: 'the configuration cannot be used\n/etc/rollcall/rollcall.yaml:3:1: unknown setting "camras"',
      remedy: 'Correct the file',
    });
  });

  test('has no remedy when the service gave none, and is absent when it said nothing', () => {
    assert.deepEqual(lastErrorIn('rollcalld: out of luck\n', 'rollcalld'), { message: 'out of luck' });
    assert.equal(lastErrorIn('{"level":"info","message":"ready"}\n', 'rollcalld'), undefined);
  });
});
