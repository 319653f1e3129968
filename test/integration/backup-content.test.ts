import assert from 'node:assert/strict';
import { createReadStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type Database from 'better-sqlite3';
import { encodeKeys } from '../../daemon/core/backups/key-section.js';
import { openBackup } from '../../daemon/core/backups/open-backup.js';
import { unpackGallery } from '../../daemon/core/backups/unpack-backup.js';
import { writeBackup } from '../../daemon/core/backups/write-backup.js';
import { GALLERY_MIGRATIONS } from '../../daemon/core/gallery/gallery-schema.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { type BackupBox, openBackupBox } from '../support/backup-box.js';
import { forRecoveryKey, manifest, recoveryKey } from '../support/backup-fixture.js';
import {
  enrolmentOf,
  namesIn,
  temporaryDirectory,
  tester,
  testRecogniser,
} from '../support/gallery-fixture.js';

const secret = { recoverySecret: recoveryKey.secretKey };

interface Forgery {
  /** Changes the database that goes into the backup. */
  readonly alter?: (db: Database.Database) => void;
  readonly schemaVersion?: number;
  /** Replaces the keys in the backup. */
  readonly keks?: readonly Uint8Array[];
  /** Omits the database. */
  readonly hasNoDatabase?: boolean;
}

/** A backup that opens but has other content: an attacker with the public recovery key can make it. */
async function forge(
  t: TestContext,
  { alter, schemaVersion, keks, hasNoDatabase }: Forgery,
): Promise<string> {
  const folder = temporaryDirectory(t);
  const honest = join(folder, 'honest.rcb');
  {
    await using box = await openBackupBox(temporaryDirectory(t));
    await box.vault.gallery().addPerson(enrolmentOf('Ada', [1]), tester);
    await box.backups.create({ path: honest }, tester);
  }
  const database = join(folder, 'gallery.db');
  await using backup = await openBackup(honest, secret);
  using keys = await unpackGallery(backup, database);
  const db = new Sqlite(database);
  db.pragma('foreign_keys = OFF');
  alter?.(db);
  db.close();
  const target = join(folder, 'forged.rcb');
  const keySection = { name: 'keys', content: [encodeKeys({ ...keys, keks: keks ?? keys.keks })] };
  const databaseSection = { name: 'database', content: createReadStream(database) };
  const about = { ...manifest, recogniser: testRecogniser, counts: {} };
  await writeBackup({
    target,
    recipients: [forRecoveryKey],
    manifest: { ...about, schemaVersion: schemaVersion ?? GALLERY_MIGRATIONS.length },
    sections: hasNoDatabase === true ? [keySection] : [keySection, databaseSection],
  });
  return target;
}

async function restoreInto(
  t: TestContext,
  path: string,
): Promise<{ readonly code: string; readonly box: BackupBox }> {
  const box = await openBackupBox(temporaryDirectory(t));
  t.after(() => box[Symbol.asyncDispose]());
  await box.vault.gallery().addPerson(enrolmentOf('Bea', [2]), tester);
  try {
    await box.backups.restore({ path, secret }, tester);
    return { code: 'done', box };
  } catch (error) {
    if (isRollcallError(error)) return { code: error.code, box };
    throw error;
  }
}

const page = (db: Database.Database): number => Number(db.pragma('page_count', { simple: true }));

describe('a genuine backup with a gallery that cannot be used', () => {
  const refused: readonly (readonly [string, string, Forgery])[] = [
    ['a newer schema', 'database-newer', { schemaVersion: 99 }],
    [
      'a newer schema than the manifest names',
      'database-newer',
      { alter: (db) => void db.pragma('user_version = 99') },
    ],
    [
      'another recogniser than the manifest names',
      'recogniser-mismatch',
      { alter: (db) => db.exec("UPDATE gallery SET recogniser = 'x'") },
    ],
    [
      'an added trigger',
      'backup-unusable',
      { alter: (db) => db.exec('CREATE TRIGGER t AFTER INSERT ON person BEGIN DELETE FROM audit; END') },
    ],
    ['an additional table', 'backup-unusable', { alter: (db) => db.exec('CREATE TABLE other (a)') }],
    ['a missing table', 'backup-unusable', { alter: (db) => db.exec('DROP TABLE tombstone') }],
    ['rows without a person', 'backup-unusable', { alter: (db) => db.exec('DELETE FROM data_key') }],
    ['another key', 'backup-unusable', { keks: [new Uint8Array(32).fill(8)] }],
    ['no key', 'backup-unusable', { keks: [] }],
    [
      'no key slot and no gallery row',
      'backup-unusable',
      { alter: (db) => db.exec('DELETE FROM key_slot; DELETE FROM gallery') },
    ],
    [
      'a wrong check value of its key',
      'backup-unusable',
      { alter: (db) => db.exec("UPDATE key_slot SET check_value = x'00'") },
    ],
    ['no database', 'backup-foreign', { hasNoDatabase: true }],
    [
      'a database of another program',
      'backup-unusable',
      { alter: (db) => void db.pragma('application_id = 7') },
    ],
  ];
  for (const [what, code, forgery] of refused) {
    test(`(${what}) is refused and changes nothing`, async (t) => {
      const { code: found, box } = await restoreInto(t, await forge(t, forgery));
      assert.equal(found, code);
      assert.deepEqual(await namesIn(box.vault.gallery()), ['Bea']);
    });
  }

  test('(damaged pages) is refused', async (t) => {
    const path = await forge(t, {
      alter(db) {
        const file = db.name;
        db.exec('VACUUM');
        const pages = page(db);
        db.close();
        const bytes = new Uint8Array(4096).fill(0x99);
        assert.ok(pages > 4);
        writeFileSync(file, bytes, { flag: 'r+' });
      },
    });
    assert.equal((await restoreInto(t, path)).code, 'backup-unusable');
  });
});

describe('a restore of an unfinished or damaged gallery', () => {
  test('omits staged persons and unfinished jobs', async (t) => {
    const path = await forge(t, {
      alter(db) {
        db.exec("INSERT INTO job (name, state) VALUES ('rotation', '{}')");
        db.exec("INSERT INTO data_key SELECT 'k-staged', kek_id, wrapped FROM data_key LIMIT 1");
        db.exec(
          `INSERT INTO person SELECT 'p-staged', 'staged', 'i-1', 'k-staged', 1, profile, 1, 1 FROM person LIMIT 1`,
        );
      },
    });
    const { code, box } = await restoreInto(t, path);
    assert.equal(code, 'done');
    assert.deepEqual(await namesIn(box.vault.gallery()), ['Ada']);
    const { db } = box.vault.file.database;
    const left = db.prepare('SELECT (SELECT count(*) FROM job), (SELECT count(*) FROM data_key)').raw().get();
    assert.deepEqual(left, [0, 1]);
  });

  test('omits a data key that does not open, and puts only its person into quarantine', async (t) => {
    const path = await forge(t, {
      alter(db) {
        db.exec("INSERT INTO data_key SELECT 'k-bad', kek_id, x'00' FROM data_key LIMIT 1");
        db.exec(
          `INSERT INTO person SELECT 'p-bad', 'active', NULL, 'k-bad', 1, profile, 1, 1 FROM person LIMIT 1`,
        );
      },
    });
    const { box } = await restoreInto(t, path);
    assert.deepEqual(
      (await namesIn(box.vault.gallery())).filter((name) => name !== undefined),
      ['Ada'],
    );
    assert.deepEqual(
      box.vault.gallery().quarantined.map(({ rowId }) => rowId),
      ['p-bad'],
    );
  });
});
