import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { GALLERY_APPLICATION_ID, GALLERY_MIGRATIONS } from '../../daemon/core/gallery/gallery-schema.js';
import { verifyGallery } from '../../daemon/core/gallery/verify/verify-gallery.js';
import { openDatabase } from '../../daemon/host/sqlite.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { openBackupBox } from '../support/backup-box.js';
import { recoveryKey } from '../support/backup-fixture.js';
import { temporaryDirectory, tester } from '../support/gallery-fixture.js';
import {
  openPassageRecords,
  passageEpochMs,
  passageIdOf,
  passageOf,
  SettableVault,
  sealOf,
} from '../support/passage-fixture.js';
import { finished, openTestGallery, writeSecret } from '../support/rotation-fixture.js';

const clock = new VirtualClock(passageEpochMs);

describe('the key of a day', () => {
  test('opens what it sealed after every rotation, and seals with a new key after a deep one', async (t) => {
    const directory = temporaryDirectory(t);
    writeSecret(directory);
    await using opened = await openTestGallery(directory);
    const { file, gallery, ring, rotations } = opened;
    await using records = openPassageRecords(directory, clock, sealOf(new SettableVault(gallery)));
    const keys = () =>
      file.database.db.prepare('SELECT is_retired FROM passage_key ORDER BY is_retired').pluck().all();
    const { passages } = records;
    const expected: ReturnType<typeof passageOf>[] = [];
    for (const [number, depth, retired] of [
      [1, 'wrap', [0]],
      [2, 'deep', [1]],
      [3, 'deep', [1, 1]],
    ] as const) {
      const passage = passageOf(number);
      passages.put(passage);
      expected.push(passage);
      const input = { passphrase: Buffer.from(`correct horse battery staple ${number}`) };
      await finished(await rotations.start({ kind: 'passphrase', depth, input, by: tester }));
      assert.deepEqual(keys(), retired);
      assert.deepEqual(
        passages.list({ limit: 10 }).map((stored) => stored.passage),
        expected,
        depth,
      );
    }
    // A passage in sight goes on under the key that seals now.
    passages.put(passageOf(1, { reason: 'attended-before' }));
    assert.deepEqual(keys(), [0, 1, 1]);
    assert.equal(passages.find(passageIdOf(1))?.passage?.reason, 'attended-before');

    const report = await verifyGallery({
      ...{ file, gallery, ring, clock: systemClock, by: tester, thresholds: new Map() },
      signal: new AbortController().signal,
    });
    assert.deepEqual([report.findings, report.checked.dataKeys], [[], 3]);
  });

  test('comes back with a backup; passages of later keys stay unreadable, and new ones get new keys', async (t) => {
    const directory = temporaryDirectory(t);
    await using box = await openBackupBox(directory);
    const { vault } = box;
    const present = {
      get isOpen() {
        return vault.open !== undefined;
      },
      gallery: () => vault.gallery(),
    };
    await using records = openPassageRecords(join(directory, 'records'), clock, sealOf(present));
    const { passages } = records;
    passages.put(passageOf(1));
    const path = join(directory, 'kept.rcb');
    await box.backups.create({ path }, tester);
    const tomorrow = { startedAtMs: passageEpochMs + 86_400_000 };
    passages.put(passageOf(2, tomorrow));
    await box.backups.restore({ path, secret: { recoverySecret: recoveryKey.secretKey } }, tester);
    passages.put(passageOf(3, tomorrow));
    assert.deepEqual(
      passages.list({ limit: 10 }).map(({ id, passage }) => [id, passage === undefined]),
      [1, 2, 3].map((number) => [passageIdOf(number), number === 2]),
    );
  });
});

test('the update of older galleries notes from which photograph each template was made', (t) => {
  const path = join(temporaryDirectory(t), 'gallery.db');
  const applicationId = GALLERY_APPLICATION_ID;
  const before = openDatabase(path, { migrations: GALLERY_MIGRATIONS.slice(0, 5), applicationId });
  before.db.exec(`
    INSERT INTO key_slot VALUES ('kek', 'secret', '{}', x'01', x'02', NULL, 1, 0);
    INSERT INTO data_key VALUES ('k-1', 'kek', x'03');
    INSERT INTO person VALUES ('p-1', 'active', NULL, 'k-1', 1, x'04', 0, 0);
    INSERT INTO template VALUES ('p-1', 't-1', 'r', 'f-1', x'05', 0.5), ('p-1', 't-2', 'r', NULL, x'06', 0.5);`);
  before.close();
  const { db, close } = openDatabase(path, { migrations: GALLERY_MIGRATIONS, applicationId });
  assert.deepEqual(db.prepare('SELECT id, made_from FROM template ORDER BY id').raw().all(), [
    ['t-1', 'f-1'],
    ['t-2', null],
  ]);
  close();
});

test('pictures of events survive the update that adds pictures of passages', (t) => {
  const path = join(temporaryDirectory(t), 'gallery.db');
  const [released] = GALLERY_MIGRATIONS;
  assert.ok(released);
  const applicationId = GALLERY_APPLICATION_ID;
  const before = openDatabase(path, { migrations: [released], applicationId });
  before.db.exec(`
    INSERT INTO key_slot VALUES ('kek', 'secret', '{}', x'01', x'02', NULL, 1, 0);
    INSERT INTO data_key VALUES ('k-1', 'kek', x'03');
    INSERT INTO evidence VALUES ('e-1', 'unknown', 'event-1', 'gate', NULL, 'k-1', x'0405', 7);`);
  before.close();
  const { db, close } = openDatabase(path, { migrations: GALLERY_MIGRATIONS, applicationId });
  const add = db.prepare("INSERT INTO evidence VALUES (?, ?, 'of', 'gate', NULL, ?, x'06', 8)");
  add.run('e-2', 'passage', 'k-1');
  assert.deepEqual(db.prepare('SELECT id, kind, hex(jpeg) FROM evidence ORDER BY id').raw().all(), [
    ['e-1', 'unknown', '0405'],
    ['e-2', 'passage', '06'],
  ]);
  assert.throws(() => add.run('e-3', 'other', 'k-1'), /CHECK/);
  assert.throws(() => add.run('e-3', 'passage', 'k-none'), /FOREIGN KEY/);
  close();
});
