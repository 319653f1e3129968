import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';
import { gateFolderOf, startBoxGate } from '../support/box-gate.js';
import { testClip } from '../support/clips.js';
import { called, descendantsOf, isRunning, runningWith } from '../support/processes.js';
import { startRtspServer } from '../support/rtsp-server.js';
import { until } from '../support/until.js';

/** A login that fails: the process for passwords starts, and stays for a minute. */
async function startPasswordProcess(box: TestBox): Promise<void> {
  const asking = request({
    ...{ socketPath: join(gateFolderOf(box), 'gate.sock'), agent: false, method: 'POST' },
    ...{ path: '/api/v1/auth/login', headers: { 'content-type': 'application/json' } },
  });
  const answered = new Promise<string>((resolve, reject) => {
    asking.once('response', (response) => resolve(text(response)));
    asking.once('error', reject);
  });
  asking.end(JSON.stringify({ userName: 'nobody', password: 'a password of nobody' }));
  assert.match(await answered, /login-refused/);
}

const factOf = (pid: number, file: 'status' | 'limits', pattern: RegExp): string | undefined =>
  pattern.exec(readFileSync(`/proc/${pid}/${file}`, 'utf8'))?.[1];

const nameOf = (pid: number): string =>
  `${pid}: ${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').slice(0, 120)}`;

/** What keeps a process from writing its memory to a core dump: no size for it, or a memory that is closed (test/e2e/hidden-memory.test.ts). */
const dumpsNothing = (pid: number, closed: readonly number[]): boolean =>
  closed.includes(pid) || factOf(pid, 'limits', /^Max core file size +\S+ +(\d+) /m) === '0';

test('all processes of a running box', { skip: withoutBuild }, async (t) => {
  await using cameras = await startRtspServer({ mounts: { '/door': await testClip({ seconds: 20 }) } });
  await using box = await makeBox({
    config: { cameras: [{ id: 'door', name: 'Door', url: cameras.url('/door') }] },
  });
  await box.start();
  await using gate = startBoxGate(box);
  await box.untilCamera('door', 'to stream', ({ state }) => state === 'streaming');
  await startPasswordProcess(box);
  const daemon = box.daemon.pid ?? 0;
  const gatePid = gate.child.pid ?? 0;
  await until(
    'the gate to close its memory',
    () => factOf(gatePid, 'status', /^NoNewPrivs:\s+(\d)$/m) === '1',
  );
  const below = descendantsOf(daemon);
  const all = [daemon, gatePid, ...below];

  await t.test('are those that this test knows', () => {
    assert.ok(called('ffmpeg', below).length > 0, 'a decoder');
    assert.equal(runningWith('password-process.js', below).length, 1, 'the process for passwords');
    const known = ['node', 'MainThread', 'ffmpeg', 'bwrap'].flatMap((name) => called(name, below));
    assert.deepEqual(below.filter((pid) => !known.includes(pid)).map(nameOf), []);
  });

  await t.test('cannot gain privileges, and leave no core dump', () => {
    for (const pid of all) {
      assert.equal(factOf(pid, 'status', /^NoNewPrivs:\s+(\d)$/m), '1', nameOf(pid));
      // bwrap holds nothing: it waits for the process inside.
      const closed = [daemon, gatePid, ...called('bwrap', below)];
      assert.ok(dumpsNothing(pid, closed), nameOf(pid));
    }
  });

  await t.test('end with the daemon, however it ends', async () => {
    await box.stop('SIGKILL');
    await until('all of them to end', () => !below.some(isRunning));
    assert.ok(isRunning(gatePid), 'the gate outlives it and waits for the next one');
  });
});
