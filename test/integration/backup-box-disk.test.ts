import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { type BackupBox, openBackupBox } from '../support/backup-box.js';
import { recoveryKey } from '../support/backup-fixture.js';
import { namesIn, noiseJpeg, temporaryDirectory, tester, unitVector } from '../support/gallery-fixture.js';
import { mountSmallDisk, type SmallDisk } from '../support/small-disk.js';

const PERSONS = 20;
const JPEG_BYTES = 100_000;
/** From no room to more than a copy of the gallery needs, so that each step fails once for lack of room. */
const rooms = [0, 8, 40, 200, 600, 1200, 1800, 2200, 2600].map((kibibytes) => kibibytes * 1024);

const secret = { recoverySecret: recoveryKey.secretKey };

async function enrol(box: BackupBox, prefix: string): Promise<void> {
  for (let seed = 1; seed <= PERSONS; seed += 1) {
    const photographs = [{ jpeg: noiseJpeg(seed, JPEG_BYTES), embedding: unitVector(seed), quality: 1 }];
    await box.vault.gallery().addPerson({ profile: { name: `${prefix}${seed}` }, photographs }, tester);
  }
}

/** Runs `work` with `bytes` of room left, then frees the rest. Resolves with `done` or the code of the error. */
async function withRoom(disk: SmallDisk, bytes: number, work: () => Promise<unknown>): Promise<string> {
  disk.fill();
  const ballast = join(disk.path, 'ballast');
  const held = existsSync(ballast);
  assert.ok(held, 'the ballast file fills the disk');
  truncateSync(ballast, Math.max(0, statSync(ballast).size - bytes));
  try {
    await work();
    return 'done';
  } catch (error) {
    if (isRollcallError(error)) return error.code;
    throw error;
  } finally {
    disk.free();
  }
}

function diskOf(t: TestContext): SmallDisk | undefined {
  const disk = mountSmallDisk(24);
  if ('skip' in disk) {
    t.skip(disk.skip);
    return undefined;
  }
  return disk;
}

describe('a full disk', () => {
  test('makes a backup fail without a rest; the backup succeeds when there is room', async (t) => {
    using disk = diskOf(t);
    if (disk === undefined) return;
    const target = temporaryDirectory(t);
    await using box = await openBackupBox(disk.path);
    await enrol(box, 'A');
    const codes = [];
    for (const bytes of rooms) {
      const path = join(target, `${bytes}.rcb`);
      codes.push(await withRoom(disk, bytes, () => box.backups.create({ path }, tester)));
      assert.equal(readdirSync(target).includes(`${bytes}.rcb`), codes.at(-1) === 'done');
      assert.equal((await namesIn(box.vault.gallery())).length, PERSONS);
    }
    assert.deepEqual(new Set(codes), new Set(['disk-full', 'done']));
    assert.equal(codes[0], 'disk-full');
    assert.ok(!readdirSync(target).some((name) => name.endsWith('.part')));
    const onSmall = join(disk.path, 'here.rcb');
    const room = PERSONS * JPEG_BYTES * 1.5;
    assert.equal(
      await withRoom(disk, room, () => box.backups.create({ path: onSmall }, tester)),
      'disk-full',
    );
    assert.ok(!readdirSync(disk.path).some((name) => name.startsWith('here')));
    assert.equal(box.vault.audit.verify().outcome, 'whole');
  });

  test('makes a restore fail without a change; the restore succeeds when there is room', async (t) => {
    using disk = diskOf(t);
    if (disk === undefined) return;
    const path = join(temporaryDirectory(t), 'a.rcb');
    {
      await using other = await openBackupBox(temporaryDirectory(t));
      await enrol(other, 'A');
      await other.backups.create({ path }, tester);
    }
    await using box = await openBackupBox(disk.path);
    await enrol(box, 'B');
    const codes = [];
    for (const bytes of rooms) {
      codes.push(await withRoom(disk, bytes, () => box.backups.restore({ path, secret }, tester)));
      await box.vault.unlock({}, tester);
      const names = await namesIn(box.vault.gallery());
      assert.equal(names.length, PERSONS);
      assert.equal(names[0], codes.includes('done') ? 'A1' : 'B1', `with room for ${bytes} bytes`);
      assert.equal(box.vault.gallery().quarantined.length, 0);
    }
    assert.equal(codes[0], 'disk-full');
    assert.equal(codes.at(-1), 'done');
    assert.deepEqual(new Set(codes), new Set(['disk-full', 'done']));
    assert.equal(box.vault.audit.verify().outcome, 'whole');
  });
});
