import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openGalleryFile } from '../../daemon/core/gallery/gallery-file.js';
import { emptyWriteAheadLog, forgetDeleted } from '../../daemon/core/gallery/leftovers.js';
import type { OpenDatabase } from '../../daemon/host/sqlite.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import { fill, prepared } from '../support/erasure-scan.js';
import { openTestGallery } from '../support/gallery-fixture.js';
import { temporaryFolder } from '../support/published-box.js';
import { tracesOf } from '../support/rotation-fixture.js';

/** Fills a table of its own and empties it again, in turns, with values of these lengths; returns what was deleted. */
function comeAndGo(
  database: OpenDatabase,
  { steps, lengthOf }: { readonly steps: number; readonly lengthOf: (random: number) => number },
): readonly Buffer[] {
  const { db, transaction } = database;
  db.exec('CREATE TABLE value (id TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT, WITHOUT ROWID');
  const random = seededRandom(20_261_125);
  const bytesOf = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random.unit() * 256));
  const put = db.prepare<[string, Buffer]>('INSERT INTO value VALUES (?, ?)');
  const remove = db.prepare<[string]>('DELETE FROM value WHERE id = ?');
  const present: { readonly id: string; readonly bytes: Buffer }[] = [];
  const deleted: Buffer[] = [];
  transaction(() => {
    for (let step = 0; step < steps; step += 1) {
      const [gone] =
        present.length > 20 && random.unit() < 0.47
          ? present.splice(Math.floor(random.unit() * present.length), 1)
          : [];
      if (gone === undefined) {
        const made = { id: bytesOf(13).toString('hex'), bytes: bytesOf(lengthOf(random.unit())) };
        put.run(made.id, made.bytes);
        present.push(made);
      } else {
        remove.run(gone.id);
        deleted.push(gone.bytes);
      }
    }
  });
  assert.ok(emptyWriteAheadLog(database));
  return deleted;
}

/** As sealed profiles, templates and pictures are. Of some, pieces stay, or this test would prove nothing. */
const ofAllLengths = { steps: 3000, lengthOf: (random: number) => Math.floor(40 + 900 * random) };
/** As wrapped data keys are. */
const ofOneLength = { steps: 20_000, lengthOf: () => 72 };

const openFile = (folder: string) =>
  openGalleryFile({
    path: join(folder, 'gallery.db'),
    auditKey: new Uint8Array(32).fill(5),
    clock: systemClock,
  });

function tracesIn(folder: string, deleted: readonly Buffer[]): number {
  const files = readdirSync(folder).map((name) => readFileSync(join(folder, name)));
  return files.reduce((sum, bytes) => sum + (bytes.length < 8 ? 0 : tracesOf(deleted, bytes)), 0);
}

describe('what SQLite leaves of deleted rows in other pages', () => {
  test('goes with the deletion', async () => {
    using folder = temporaryFolder();
    await using file = await openFile(folder.path);
    const deleted = comeAndGo(file.database, ofAllLengths);
    assert.ok(tracesIn(folder.path, deleted) > 0);
    assert.ok(forgetDeleted(file.database));
    assert.equal(tracesIn(folder.path, deleted), 0);
    assert.deepEqual(file.database.db.pragma('integrity_check', { simple: true }), 'ok');
  });

  test('goes with the next opening, where a kill came before', async () => {
    using folder = temporaryFolder();
    using killed = temporaryFolder();
    await using file = await openFile(folder.path);
    const deleted = comeAndGo(file.database, ofAllLengths);
    file.database.db.prepare('DELETE FROM value WHERE id = (SELECT min(id) FROM value)').run();
    for (const name of ['gallery.db', 'gallery.db-wal'])
      cpSync(join(folder.path, name), join(killed.path, name));
    assert.ok(tracesIn(killed.path, deleted) > 0);
    await using reopened = await openFile(killed.path);
    assert.equal(tracesIn(killed.path, deleted), 0);
    assert.equal(reopened.database.db.pragma('integrity_check', { simple: true }), 'ok');
  });

  test('stays while another program writes or reads, which stops nothing and lets no log grow', async () => {
    using folder = temporaryFolder();
    await using file = await openFile(folder.path);
    const { database } = file;
    const deleted = comeAndGo(database, ofAllLengths);
    const other = new Sqlite(database.path);
    const sizes: number[] = [];
    for (const begin of ['BEGIN IMMEDIATE', 'BEGIN; SELECT count(*) FROM value']) {
      other.exec(begin);
      for (let times = 0; times < 4; times += 1) {
        forgetDeleted(database);
        sizes.push(statSync(`${database.path}-wal`).size);
      }
      other.exec('ROLLBACK');
    }
    other.close();
    assert.ok(Math.max(...sizes) < 2 * statSync(database.path).size, sizes.join());
    assert.equal(forgetDeleted(database), true);
    assert.equal(tracesIn(folder.path, deleted), 0);
  });

  test('stays in a large file', async () => {
    using folder = temporaryFolder();
    await using file = await openFile(folder.path);
    const deleted = comeAndGo(file.database, ofAllLengths);
    const { size } = statSync(file.database.path);
    assert.equal(forgetDeleted(file.database, size - 1), true);
    assert.ok(tracesIn(folder.path, deleted) > 0);
    assert.equal(forgetDeleted(file.database, size), true);
    assert.equal(tracesIn(folder.path, deleted), 0);
  });

  test('stays in a file with a damaged page, and deletions go on', async () => {
    using folder = temporaryFolder();
    {
      await using file = await openFile(folder.path);
      comeAndGo(file.database, ofAllLengths);
    }
    const path = join(folder.path, 'gallery.db');
    const bytes = readFileSync(path);
    // The last page is one of the table that nothing checks at the opening.
    bytes.fill(0xff, bytes.length - 4096);
    writeFileSync(path, bytes);
    await using file = await openFile(folder.path);
    assert.throws(() => file.database.db.exec('VACUUM'));
    assert.equal(forgetDeleted(file.database), true);
  });

  test('is nothing of rows of equal length, as data keys are', async (t) => {
    using folder = temporaryFolder();
    await using file = await openFile(folder.path);
    const deleted = comeAndGo(file.database, ofOneLength);
    assert.ok(deleted.length > 8000);
    assert.equal(tracesIn(folder.path, deleted), 0);
    const { options } = prepared(t);
    await using gallery = await openTestGallery(options);
    await fill(gallery.gallery);
    const db = new Sqlite(options.path, { readonly: true });
    const lengths = db
      .prepare('SELECT DISTINCT length(id), length(kek_id), length(wrapped) FROM data_key')
      .all();
    db.close();
    assert.equal(lengths.length, 1, JSON.stringify(lengths));
  });
});
