import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { isRollcallError, type RollcallError } from '../../daemon/base/errors.js';
import { recogniserId } from '../../daemon/domain/ids.js';
import { credentialKeyProvider } from '../../daemon/gallery/credential-key-provider.js';
import type { KeyProvider } from '../../daemon/gallery/gallery-key.js';
import { type GalleryOptions, openGallery } from '../../daemon/gallery/open-gallery.js';
import {
  enrolmentPhotograph,
  fixedKey,
  galleryOptions,
  noiseJpeg,
  temporaryDirectory,
  unitVector,
} from '../support/gallery-fixture.js';

async function enrolThree(options: GalleryOptions): Promise<void> {
  await using gallery = await openGallery(options);
  for (const seed of [1, 2, 3]) {
    await gallery.addPerson({ name: `Person ${seed}`, photographs: [enrolmentPhotograph(seed)] });
  }
}

/** Changes the closed gallery's rows as somebody with the file would. */
function tamper(options: GalleryOptions, work: (database: Sqlite.Database) => void): void {
  const database = new Sqlite(options.path);
  try {
    work(database);
  } finally {
    database.close();
  }
}

/** Opening must fail with `code`; what is returned is the error. The path stays usable for the next opening. */
async function refusal(options: GalleryOptions, code: string): Promise<RollcallError> {
  let thrown: unknown;
  try {
    await using gallery = await openGallery(options);
    assert.fail(`opened with ${gallery.personCount} persons`);
  } catch (error) {
    thrown = error;
  }
  assert.ok(isRollcallError(thrown), String(thrown));
  assert.equal(thrown.code, code, thrown.message);
  assert.ok(thrown.remedy, 'says what to do');
  return thrown;
}

const noKey: KeyProvider = { description: 'the secret "gallery-key"', readSecret: async () => undefined };

describe('a gallery is refused', () => {
  test('without its key, and opens again once the key is back', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await enrolThree(options);
    const error = await refusal({ ...options, keyProvider: noKey }, 'key-missing');
    assert.match(error.remedy ?? '', /rollcall key init/);
    await using gallery = await openGallery(options);
    assert.equal(gallery.personCount, 3);
  });

  test('with another key, which is named; the data is untouched', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await enrolThree(options);
    await refusal({ ...options, keyProvider: fixedKey(8) }, 'wrong-key');
    await using gallery = await openGallery(options);
    assert.deepEqual([gallery.personCount, gallery.quarantined.length], [3, 0]);
  });

  test('without a key before any file is made', async (t) => {
    const options = galleryOptions(temporaryDirectory(t), { keyProvider: noKey });
    await refusal(options, 'key-missing');
    assert.equal(statSync(options.path, { throwIfNoEntry: false }), undefined);
  });

  test('when another recogniser made it; both are named', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await enrolThree(options);
    const other = { ...options, recogniser: recogniserId('another-recogniser-2') };
    const error = await refusal(other, 'recogniser-mismatch');
    assert.match(error.message, /test-recogniser-1.*another-recogniser-2/);
    assert.equal(error.kind, 'input');
  });

  test('when somebody relabelled its recogniser: that is damage, not a match', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await enrolThree(options);
    tamper(options, (db) => db.exec("UPDATE gallery SET recogniser = 'another-recogniser-2'"));
    await refusal({ ...options, recogniser: recogniserId('another-recogniser-2') }, 'gallery-damaged');
  });

  test('as damaged, not as a wrong key, when its check value or its seal was altered', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await enrolThree(options);
    tamper(options, (db) => db.exec('UPDATE gallery SET key_check = zeroblob(32)'));
    await refusal(options, 'gallery-damaged');
    const fresh = galleryOptions(temporaryDirectory(t));
    await enrolThree(fresh);
    tamper(fresh, (db) => db.exec('UPDATE gallery SET seal = zeroblob(length(seal))'));
    await refusal(fresh, 'gallery-damaged');
  });

  test('when its own row is gone while persons are there', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await enrolThree(options);
    tamper(options, (db) => db.exec('DELETE FROM gallery'));
    await refusal(options, 'gallery-damaged');
  });

  test('when a newer program wrote it', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await enrolThree(options);
    tamper(options, (db) => db.pragma('user_version = 99'));
    await refusal(options, 'database-newer');
  });

  test('when the file is cut short, overwritten or something else', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await enrolThree(options);
    const whole = readFileSync(options.path);
    truncateSync(options.path, 4096 * 3);
    await refusal(options, 'gallery-damaged');
    const scribbled = Buffer.from(whole);
    scribbled.fill(0xa5, 4096, 4096 * 4);
    writeFileSync(options.path, scribbled);
    await refusal(options, 'gallery-damaged');
    writeFileSync(options.path, noiseJpeg(1, 8192));
    await refusal(options, 'gallery-damaged');
    writeFileSync(options.path, whole);
    await using gallery = await openGallery(options);
    assert.equal(gallery.personCount, 3);
  });

  test('when the disk place cannot hold the lock', async (t) => {
    const directory = temporaryDirectory(t);
    const options = galleryOptions(directory);
    mkdirSync(`${options.path}.lock`);
    await refusal(options, 'gallery-unusable');
  });

  test('while the same process has it open already, and opens afterwards', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    {
      await using gallery = await openGallery(options);
      await refusal(options, 'gallery-in-use');
      await gallery.addPerson({ name: 'Ada', photographs: [enrolmentPhotograph(1)] });
    }
    await using again = await openGallery(options);
    assert.equal(again.personCount, 1);
  });
});

describe('damaged rows cost only themselves', () => {
  test('an altered template is put aside and named; everybody else is found', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await enrolThree(options);
    let altered: string | undefined;
    tamper(options, (db) => {
      const row = db.prepare<[], { id: string; vector: Buffer }>('SELECT id, vector FROM template').get();
      assert.ok(row);
      row.vector.writeUInt8(row.vector.readUInt8(100) ^ 1, 100);
      db.prepare('UPDATE template SET vector = ? WHERE id = ?').run(row.vector, row.id);
      altered = row.id;
    });
    await using gallery = await openGallery(options);
    assert.equal(gallery.templateCount, 2);
    assert.deepEqual(
      gallery.quarantined.map(({ table, rowId, reason }) => ({ table, rowId, reason })),
      [{ table: 'template', rowId: altered, reason: 'does-not-open' }],
    );
    assert.equal((await gallery.listPersons()).length, 3);
    const [damaged] = gallery.quarantined;
    assert.ok(damaged && gallery.removePerson(damaged.personId));
    assert.deepEqual(gallery.quarantined, []);
  });

  test('a template relabelled to another recogniser is never compared', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await enrolThree(options);
    tamper(options, (db) =>
      db.exec("UPDATE template SET recogniser = 'x' WHERE id = (SELECT min(id) FROM template)"),
    );
    await using gallery = await openGallery(options);
    assert.equal(gallery.templateCount, 2);
    assert.equal(gallery.quarantined[0]?.reason, 'other-recogniser');
  });

  test('templates given to each other by person or by row do not open', async (t) => {
    for (const column of ['person_id', 'vector']) {
      const options = galleryOptions(temporaryDirectory(t));
      await enrolThree(options);
      tamper(options, (db) => swap(db, 'template', column));
      await using gallery = await openGallery(options);
      assert.equal(gallery.templateCount, 1, column);
      assert.equal(gallery.quarantined.length, 2, column);
    }
  });

  test('swapped names open for neither person, and the third keeps theirs', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await enrolThree(options);
    tamper(options, (db) => swap(db, 'person', 'name'));
    await using gallery = await openGallery(options);
    const named = (await gallery.listPersons()).filter(({ name }) => name !== undefined);
    assert.equal(named.length, 1);
    assert.deepEqual(
      gallery.quarantined.map(({ table }) => table),
      ['person', 'person'],
    );
    const [lost] = gallery.quarantined;
    assert.ok(lost);
    assert.equal(gallery.showPerson(lost.personId)?.name, undefined);
    assert.equal(gallery.quarantined.length, 2, 'each row is put aside once');
  });

  test('swapped photographs are an error that names the row', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await enrolThree(options);
    tamper(options, (db) => swap(db, 'photograph', 'jpeg'));
    await using gallery = await openGallery(options);
    let refused = 0;
    for (const { id } of await gallery.listPersons()) {
      const [photographId] = gallery.showPerson(id)?.photographIds ?? [];
      assert.ok(photographId);
      try {
        assert.ok(gallery.readPhotograph(id, photographId));
      } catch (error) {
        assert.ok(isRollcallError(error, 'field-damaged'));
        assert.equal(error.details['rowId'], photographId);
        refused += 1;
      }
    }
    assert.equal(refused, 2);
  });

  /** Swaps a column between the first two rows. */
  function swap(db: Sqlite.Database, table: string, column: string): void {
    const rows = db
      .prepare<[], { id: string; value: unknown }>(
        `SELECT id, ${column} AS value FROM ${table} ORDER BY id LIMIT 2`,
      )
      .all();
    const [first, second] = rows;
    assert.ok(first && second);
    const update = db.prepare(`UPDATE ${table} SET ${column} = ? WHERE id = ?`);
    update.run(second.value, first.id);
    update.run(first.value, second.id);
  }
});

describe('the key as a secret file', () => {
  test('opens the gallery; without the file the key is missing; a file open to others is refused', async (t) => {
    const directory = temporaryDirectory(t);
    const secrets = join(directory, 'secrets');
    const keyProvider = credentialKeyProvider('gallery-key', {
      credentialsDirectory: undefined,
      secretsDirectory: secrets,
    });
    const options = galleryOptions(directory, { keyProvider });
    await refusal(options, 'key-missing');
    mkdirSync(secrets, { mode: 0o700 });
    writeFileSync(join(secrets, 'gallery-key'), new Uint8Array(32).fill(4), { mode: 0o600 });
    await enrolThree(options);
    await enrolNothing(options);
    chmodSync(join(secrets, 'gallery-key'), 0o644);
    await refusal(options, 'credential-exposed');
    chmodSync(join(secrets, 'gallery-key'), 0o600);
    writeFileSync(join(secrets, 'gallery-key'), new Uint8Array(31).fill(4));
    await refusal(options, 'key-malformed');
  });

  async function enrolNothing(options: GalleryOptions): Promise<void> {
    await using gallery = await openGallery(options);
    assert.equal((await gallery.nearest(unitVector(2), { count: 1 })).length, 1);
  }
});
