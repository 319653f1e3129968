import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { backedUpBox, enrol, secret } from '../support/backed-up-box.js';
import { type BackupBox, openBackupBox } from '../support/backup-box.js';
import { namesIn, temporaryDirectory, tester } from '../support/gallery-fixture.js';

describe('during a rotation of the gallery key', () => {
  /** A box of 30 persons whose rotation has just begun. */
  async function rotatingBox(t: TestContext): Promise<BackupBox> {
    const directory = temporaryDirectory(t);
    const box = await openBackupBox(directory);
    t.after(() => box[Symbol.asyncDispose]());
    await enrol(box, ...Array.from({ length: 30 }, (_, index) => `P${index}`));
    writeFileSync(join(directory, 'secrets', 'gallery-key.next'), new Uint8Array(32).fill(8), {
      mode: 0o600,
    });
    const { rotations } = box.vault.requireOpen();
    await rotations.start({ kind: 'secret', depth: 'deep', input: {}, by: tester });
    return box;
  }

  test('a backup contains every key that its copy of the gallery needs', async (t) => {
    const path = join(temporaryDirectory(t), 'amid.rcb');
    const box = await rotatingBox(t);
    await box.backups.create({ path }, tester);
    await using other = await openBackupBox(temporaryDirectory(t), { keyFill: 99 });
    const { damagedKeys } = await other.backups.restore({ path, secret }, tester);
    assert.equal(damagedKeys, 0);
    assert.equal((await namesIn(other.vault.gallery())).length, 30);
    assert.equal(other.vault.keySlots.length, 1);
  });

  test('a restore ends the rotation, and the restored gallery opens after a restart', async (t) => {
    const { path } = await backedUpBox(t);
    const box = await rotatingBox(t);
    await box.backups.restore({ path, secret }, tester);
    assert.deepEqual(await namesIn(box.vault.gallery()), ['Ada', 'Grace']);
    await box[Symbol.asyncDispose]();
    await using again = await openBackupBox(box.directory);
    assert.deepEqual(await namesIn(again.vault.gallery()), ['Ada', 'Grace']);
    assert.equal(again.vault.keySlots.length, 1);
  });
});
