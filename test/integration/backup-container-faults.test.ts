import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { CHUNK_BYTES } from '../../daemon/core/backups/message-place.js';
import { verifyBackup } from '../../daemon/core/backups/open-backup.js';
import { writeBackup } from '../../daemon/core/backups/write-backup.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { exitOf } from '../../scripts/child-end.js';
import {
  forRecoveryKey,
  manifest,
  noise,
  recoveryKey,
  refusalOf,
  source,
  withRecoverySecret,
} from '../support/backup-fixture.js';
import { builtChild, root } from '../support/built.js';
import { mountSmallDisk } from '../support/small-disk.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

function startChild(...args: readonly string[]) {
  return spawn(process.execPath, [builtChild('test/support/backup-child.ts'), ...args], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
}

/** Names of the backups that a child finished before it was killed upon its `lineCount`th line. */
async function killedAfter(
  lineCount: number,
  directory: string,
  task: 'write' | 'hold' = 'write',
): Promise<readonly string[]> {
  const publicKey = Buffer.from(recoveryKey.publicKey).toString('hex');
  const child = startChild(task, directory, publicKey);
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (lines.length === lineCount) child.kill('SIGKILL');
  }
  const { signal } = await exitOf(child);
  assert.equal(signal, 'SIGKILL', 'the child ran until it was killed');
  return lines.filter((line) => line !== 'chunk');
}

describe('a backup whose writing is interrupted', () => {
  test('by kill -9 at any moment: each file with the final name is whole, and each reported backup exists', async () => {
    const random = seededRandom(7);
    let done = 0;
    let parts = 0;
    for (let round = 0; round < 8; round += 1) {
      await using directory = await temporaryDirectory();
      // Up to two backups of eight chunks and one line for the name; reading back falls behind the eighth chunk.
      const lineCount = round < 4 ? 8 + 9 * (round % 2) : 1 + Math.floor(random.unit() * 18);
      const told = await killedAfter(lineCount, directory.path);
      const names = await readdir(directory.path);
      const whole = names.filter((name) => !name.endsWith('.part'));
      for (const name of whole) {
        const facts = await verifyBackup(join(directory.path, name), withRecoverySecret);
        assert.equal(facts.sections[0]?.sizeBytes, 8 * CHUNK_BYTES);
      }
      for (const path of told)
        assert.ok(
          whole.some((name) => path.endsWith(`/${name}`)),
          `${path} exists`,
        );
      assert.ok(whole.length <= told.length + 1, 'there is no file with a final name but no backup');
      done += whole.length;
      parts += names.length - whole.length;
    }
    assert.ok(
      done > 0 && parts > 0,
      `some files are whole and some are partial: ${done} whole, ${parts} partial`,
    );
  });

  test('by a kill: the next backup reports the partial file, which is not a backup and may be removed', async () => {
    await using directory = await temporaryDirectory();
    await killedAfter(4, directory.path, 'hold');
    const [name = ''] = await readdir(directory.path);
    const part = join(directory.path, name);
    const target = part.replace(/\.part$/, '');
    assert.notEqual(part, target);
    const order = { target, recipients: [forRecoveryKey], manifest, sections: [] };
    await assert.rejects(writeBackup(order), { code: 'backup-in-progress' });
    assert.equal(
      await refusalOf(join(directory.path, 'copy'), await readFile(part), withRecoverySecret),
      'backup-truncated',
    );
    await rm(part);
    await writeBackup(order);
    await verifyBackup(target, withRecoverySecret);
  });

  test('by a full disk: it fails with disk-full, leaves no file, and succeeds once there is room', async (t) => {
    const disk = mountSmallDisk(8);
    if ('skip' in disk) return t.skip(disk.skip);
    using _ = disk;
    const target = join(disk.path, 'b');
    const write = (size: number) =>
      writeBackup({
        target,
        recipients: [forRecoveryKey],
        manifest,
        sections: [source('database', noise(1, size))],
      });
    await assert.rejects(write(9 * 2 ** 20), { code: 'disk-full', retryable: true });
    assert.deepEqual(await readdir(disk.path), []);
    disk.fill();
    await assert.rejects(write(10), { code: 'disk-full' });
    assert.deepEqual(await readdir(disk.path), ['ballast']);
    disk.free();
    await write(5 * 2 ** 20);
    await verifyBackup(target, withRecoverySecret);
    assert.deepEqual(await readdir(disk.path), ['b']);
  });
});

describe('writing a backup', () => {
  test('uses memory that does not grow with the backup', async () => {
    await using directory = await temporaryDirectory();
    // Garbage alone comes to 35 MiB with Node.js 20 and 65 with 24, also for backups of twice this size.
    const mebibytes = 160;
    const child = startChild('memory', directory.path, '', `${mebibytes}`);
    let output = '';
    for await (const text of child.stdout) output += String(text);
    assert.deepEqual(await exitOf(child), { code: 0, signal: null });
    const grownMebibytes = Number(output) / 2 ** 20;
    assert.ok(output !== '' && grownMebibytes < mebibytes / 2, `grew by ${grownMebibytes} MiB`);
  });

  test('lets the event loop turn between chunks, also when a source yields everything at once', async () => {
    await using directory = await temporaryDirectory();
    const target = join(directory.path, 'b');
    let turns = 0;
    let isOver = false;
    const count = (): void => {
      turns += 1;
      if (!isOver) setImmediate(count);
    };
    setImmediate(count);
    const chunkCount = 40;
    const sections = [source('database', new Uint8Array(chunkCount * CHUNK_BYTES))];
    await writeBackup({ target, recipients: [forRecoveryKey], manifest, sections });
    const writing = turns;
    await verifyBackup(target, withRecoverySecret);
    isOver = true;
    assert.ok(writing >= 2 * chunkCount, `${writing} turns while writing and reading back`);
    assert.ok(turns - writing >= chunkCount, `${turns - writing} turns while verifying`);
  });
});
