import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { newRecoveryKey } from '../../daemon/core/backups/recovery-key.js';
import { recogniserId } from '../../daemon/kernel/ids.js';
import { actionsOf, backedUpBox, codeOf, enrol, filesOf, hashOf, secret } from '../support/backed-up-box.js';
import { openBackupBox } from '../support/backup-box.js';
import { namesIn, temporaryDirectory, tester } from '../support/gallery-fixture.js';

describe('a restore that is refused', () => {
  test('changes nothing', async (t) => {
    const { directory, path } = await backedUpBox(t);
    await using box = await openBackupBox(directory);
    await enrol(box, 'Mallory');
    const good = readFileSync(path);
    const altered = Buffer.from(good);
    altered[good.length - 500] = (altered[good.length - 500] ?? 0) ^ 1;
    const newer = Buffer.from(good);
    newer.writeUInt16BE(9, 16);
    const cases = [
      ['backup-truncated', good.subarray(0, good.length - 40)],
      ['backup-altered', altered],
      ['backup-foreign', Buffer.from('SQLite format 3\0 and so on')],
      ['backup-newer', newer],
    ] as const;
    const rows = (): unknown =>
      box.vault.file.database.db.prepare('SELECT id, revision, profile FROM person').raw().all();
    const before = rows();
    const bad = `${path}.bad`;
    for (const [code, bytes] of cases) {
      writeFileSync(bad, bytes);
      assert.equal(await codeOf(box.backups.restore({ path: bad, secret }, tester)), code);
    }
    const other = { recoverySecret: newRecoveryKey().secretKey };
    assert.equal(await codeOf(box.backups.restore({ path, secret: other }, tester)), 'backup-wrong-secret');
    const wrong = { passphrase: Buffer.from('wrong') };
    assert.equal(await codeOf(box.backups.restore({ path, secret: wrong }, tester)), 'backup-wrong-secret');
    assert.deepEqual(rows(), before);
    assert.deepEqual(await namesIn(box.vault.gallery()), ['Ada', 'Grace', 'Mallory']);
    assert.equal(actionsOf(box).filter((action) => action === 'backup.refused').length, 6);
    assert.deepEqual(filesOf(box), ['gallery.db', 'gallery.db.lock']);
  });

  test('has a backup of another recogniser; the message names both recognisers', async (t) => {
    const { path } = await backedUpBox(t);
    await using box = await openBackupBox(temporaryDirectory(t), { recogniser: recogniserId('other-2') });
    const before = hashOf(box.galleryPath);
    await assert.rejects(box.backups.restore({ path, secret }, tester), {
      code: 'recogniser-mismatch',
      message: /test-recogniser-1.*other-2/,
    });
    assert.equal(hashOf(box.galleryPath), before);
  });
});
