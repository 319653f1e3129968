import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { plainLauncher } from '../../daemon/vision/plain-launcher.js';
import { exitOf, firstLineOf } from '../../scripts/child-end.js';
import { makeBox, runProgram, withoutBuild } from '../support/box.js';
import { startBoxGate } from '../support/box-gate.js';
import { root } from '../support/built.js';
import { called, descendantsOf } from '../support/processes.js';
import { until } from '../support/until.js';

const thief = join(root, 'test/support/memory-thief.py');
const isRoot = process.getuid?.() === 0;

/** What another process of this user can read of the process `pid`. */
async function stolenFrom(pid: number): Promise<string> {
  const { stdout, stderr } = await runProgram('/usr/bin/python3', [thief, String(pid)], process.env);
  assert.equal(stderr, '');
  return stdout.trim();
}

/** What Node.js writes where SIGUSR1 opens its debugger, also where the port is taken. */
const debuggerOpens = /Debugger listening|Starting inspector/;

describe('the memory of the box', { skip: withoutBuild || (isRoot && 'root may read all memory') }, () => {
  test('is closed to other processes of its user', async () => {
    await using box = await makeBox();
    await box.start();
    await using gate = startBoxGate(box);
    await until('the gate to close its memory', async () => (await stolenFrom(gate.child.pid ?? 0)) === '');
    const daemon = box.daemon.pid ?? 0;
    const started = [daemon, gate.child.pid ?? 0, ...descendantsOf(daemon)];
    // The kernel lets a user look into the namespaces that this user made: docs/explanation/isolation.md. bwrap itself holds nothing.
    const sandboxes = called('bwrap', started).flatMap((pid) => [pid, ...descendantsOf(pid)]);
    const processes = started.filter((pid) => !sandboxes.includes(pid));
    assert.ok(processes.length > 0);
    for (const pid of processes) assert.equal(await stolenFrom(pid), '', `process ${pid}`);
  });

  test('is not opened by the debugger of Node.js', async () => {
    await using box = await makeBox();
    await box.start();
    process.kill(box.daemon.pid ?? 0, 'SIGUSR1');
    assert.equal((await box.command('status')).exitCode, 0, 'it goes on');
    await box.stop();
    assert.doesNotMatch(box.log(), debuggerOpens);
  });

  test('is closed in a vision process without a sandbox, too', async () => {
    const vision = plainLauncher(undefined).launch({ purpose: 'cameras', readable: [] });
    try {
      await until('it to close its memory', async () => (await stolenFrom(vision.pid ?? 0)) === '');
    } finally {
      vision.kill();
      assert.equal(await vision.ended, 'it was ended by SIGKILL');
    }
  });

  test('would be read by this attack if it were open', async () => {
    const open = spawn(process.execPath, ['-e', 'console.log("ready"); setInterval(() => {}, 60_000)'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    try {
      await firstLineOf(open);
      assert.match(await stolenFrom(open.pid ?? 0), /environ,open files/);
      process.kill(open.pid ?? 0, 'SIGUSR1');
      for await (const line of createInterface({ input: open.stderr })) {
        assert.match(line, debuggerOpens);
        break;
      }
    } finally {
      open.kill('SIGKILL');
      await exitOf(open);
    }
  });
});
