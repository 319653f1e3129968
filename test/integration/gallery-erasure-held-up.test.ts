import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import type { PersonId } from '../../daemon/kernel/ids.js';
import { type Logger, silentLogger } from '../../daemon/kernel/logger.js';
import {
  assertGone,
  assertThere,
  ciphertextsOf,
  fill,
  plaintexts,
  prepared,
} from '../support/erasure-scan.js';
import { openTestGallery, type TestGalleryOptions, tester } from '../support/gallery-fixture.js';
import { tamper } from '../support/gallery-tampering.js';

describe('an erasure while another program reads the gallery', () => {
  test('reports the delay, takes the person from the gallery at once, and from the files at closing', async (t) => {
    const { directory, options } = prepared(t);
    let sealed: readonly Buffer[];
    {
      await using opened = await openTestGallery(options);
      const { gallery } = opened;
      const { leaver } = await fill(gallery);
      sealed = ciphertextsOf(options, leaver);
      using _reader = holdLog(options);
      assert.throws(
        () => gallery.erasePerson(leaver, tester),
        (error) => isRollcallError(error, 'erasure-incomplete') && error.details['path'] === options.path,
      );
      assert.deepEqual([gallery.personCount, gallery.showPerson(leaver)], [1, undefined]);
    }
    assertGone(t, directory, [...sealed, ...plaintexts]);
  });

  test('is completed by the next opening if the log was still there after closing', async (t) => {
    const { directory, options } = prepared(t);
    const { leaver, sealed } = await (async () => {
      await using opened = await openTestGallery(options);
      const ids = await fill(opened.gallery);
      return { leaver: ids.leaver, sealed: ciphertextsOf(options, ids.leaver) };
    })();
    const reader = holdLog(options);
    {
      await using opened = await openTestGallery(options);
      const { gallery } = opened;
      assert.throws(
        () => gallery.erasePerson(leaver, tester),
        (error) => isRollcallError(error, 'erasure-incomplete'),
      );
    }
    // Who may only read does not tidy up on leaving.
    reader[Symbol.dispose]();
    assertThere(t, directory, sealed);
    {
      await using opened = await openTestGallery(options);
      assert.equal(opened.gallery.personCount, 1);
      assertGone(t, directory, [...sealed, ...plaintexts]);
    }
    assertGone(t, directory, [...sealed, ...plaintexts]);
  });

  test('does not prevent the opening that repeats it', async (t) => {
    const { directory, options } = prepared(t);
    let ids: { readonly leaver: PersonId; readonly stayer: PersonId };
    {
      await using opened = await openTestGallery(options);
      ids = await fill(opened.gallery);
    }
    const sealed = ciphertextsOf(options, ids.leaver);
    tamper(options, (db) => db.prepare('INSERT INTO tombstone VALUES (?, 1)').run(ids.leaver));
    const warnings: string[] = [];
    const logger: Logger = { ...silentLogger, warn: (message) => void warnings.push(message) };
    {
      using _reader = holdLog(options);
      await using opened = await openTestGallery({ ...options, logger });
      assert.deepEqual(
        (await opened.gallery.listPersons()).map(({ id }) => id),
        [ids.stayer],
      );
      assert.deepEqual(warnings, ['another program prevents the write-ahead log from being emptied']);
    }
    await using opened = await openTestGallery(options);
    assert.equal(opened.gallery.personCount, 1);
    assertGone(t, directory, [...sealed, ...plaintexts]);
  });

  /** Begins to read, and goes on: nothing may be taken out of the write-ahead log. */
  function holdLog({ path }: TestGalleryOptions): Disposable {
    const db = new Sqlite(path, { readonly: true });
    db.exec('BEGIN');
    db.prepare('SELECT count(*) FROM person').get();
    return { [Symbol.dispose]: () => void db.close() };
  }
});
