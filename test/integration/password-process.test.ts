import assert from 'node:assert/strict';
import childProcess from 'node:child_process';
import { EventEmitter } from 'node:events';
import { readFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { getPriority } from 'node:os';
import { describe, mock, test } from 'node:test';
import { PasswordProcess } from '../../daemon/host/password-process.js';
import { hashPassphrase, newRandomBytes, SALT_BYTES } from '../../daemon/host/sodium.js';
import { descendantsOf } from '../support/processes.js';
import { until } from '../support/until.js';

const cost = { passes: 1, memoryBytes: 1024 * 1024 };
const task = (text: string) => ({ passphrase: Buffer.from(text), salt: newRandomBytes(SALT_BYTES), cost });

/** Processes for passwords below this one. */
const running = (): readonly number[] =>
  descendantsOf(process.pid).filter((pid) =>
    readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('password-process'),
  );

describe('the process for passwords', () => {
  test('hashes in order, after everything else of the machine, and knows nothing of the daemon', async () => {
    const tasks = ['one', 'two', 'three'].map(task);
    const hashes = new PasswordProcess();
    const found = await Promise.all(tasks.map((each) => hashes.hash(each)));
    for (const [index, { passphrase, salt }] of tasks.entries()) {
      const expected = await hashPassphrase(passphrase, salt, cost);
      assert.deepEqual(Buffer.from(found[index] ?? []), Buffer.from(expected));
    }
    const [pid = 0, ...others] = running();
    assert.deepEqual(others, [], 'there is one');
    assert.equal(getPriority(pid), 10);
    const environment = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean);
    assert.deepEqual(
      environment.filter((each) => !/^NODE_CHANNEL_/.test(each)),
      [],
    );
  });

  test('is replaced when it was killed: the password that it worked on fails, the next ones do not', async () => {
    const before = running();
    const hashes = new PasswordProcess();
    await hashes.hash(task('first'));
    const long = hashes.hash({ ...task('long'), cost: { passes: 20, memoryBytes: 256 * 1024 * 1024 } });
    const next = hashes.hash(task('next'));
    const [pid = 0] = running().filter((each) => !before.includes(each));
    process.kill(pid, 'SIGKILL');
    await assert.rejects(long, { code: 'password-process' });
    assert.equal((await next).length, 32);
  });

  test('ends a minute after the last password, and not while it works on one', async (t) => {
    const before = running();
    const mine = (): readonly number[] => running().filter((each) => !before.includes(each));
    t.mock.timers.enable({ apis: ['setTimeout'] });
    const hashes = new PasswordProcess();
    await hashes.hash(task('first'));
    const [pid] = mine();
    t.mock.timers.tick(59_999);
    const second = hashes.hash(task('second'));
    t.mock.timers.tick(1);
    assert.equal((await second).length, 32);
    assert.deepEqual(mine(), [pid]);
    t.mock.timers.tick(60_000);
    t.mock.timers.reset();
    await until('the end of the process', () => mine().length === 0);
    assert.equal((await hashes.hash(task('third'))).length, 32, 'the next one begins again');
  });

  test('lets nobody wait for ever where the machine gives no process, and begins later', async () => {
    const noMemory = new Error('spawn ENOMEM');
    // Node throws for want of memory, and gives a child without a channel for want of files.
    for (const fork of [() => assert.fail(noMemory), withoutChannel]) {
      const hashes = new PasswordProcess();
      const forking = mock.method(childProcess, 'fork', fork);
      syncBuiltinESMExports();
      try {
        const both = await Promise.allSettled(['one', 'two'].map((text) => hashes.hash(task(text))));
        assert.deepEqual(
          both.map((each) => each.status === 'rejected' && each.reason.code),
          ['password-process', 'password-process'],
        );
      } finally {
        forking.mock.restore();
        syncBuiltinESMExports();
      }
      assert.equal((await hashes.hash(task('three'))).length, 32);
    }
  });
});

/** What `fork` gives where no file is left. */
function withoutChannel() {
  const child = new EventEmitter();
  process.nextTick(() => child.emit('error', new Error('spawn EMFILE')));
  return child;
}
