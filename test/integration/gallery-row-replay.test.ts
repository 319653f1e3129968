import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type PersonId, personId } from '../../daemon/kernel/ids.js';
import { isFound, withAda } from '../support/ada-and-grace.js';
import {
  fixedKey,
  galleryOptions,
  namesIn,
  openTestGallery,
  providersOf,
  type TestGalleryOptions,
  temporaryDirectory,
  tester,
} from '../support/gallery-fixture.js';
import { tamper } from '../support/gallery-tampering.js';

type Row = Record<string, unknown>;
const tables = ['data_key', 'person', 'template', 'photograph'] as const;
type Copy = Readonly<Record<(typeof tables)[number], readonly Row[]>>;

/** Everything the file holds of one person, as rows. */
function copyRows(options: TestGalleryOptions, id: PersonId): Copy {
  return tamper(options, (db) => {
    const all = (sql: string): readonly Row[] => db.prepare<[string], Row>(sql).all(id);
    return {
      data_key: all('SELECT * FROM data_key WHERE id = (SELECT data_key_id FROM person WHERE id = ?)'),
      person: all('SELECT * FROM person WHERE id = ?'),
      template: all('SELECT * FROM template WHERE person_id = ?'),
      photograph: all('SELECT * FROM photograph WHERE person_id = ?'),
    };
  });
}

/** Writes those rows back, over what is there now. */
function putBack(options: TestGalleryOptions, copy: Copy): void {
  tamper(options, (db) => {
    for (const table of tables) {
      for (const row of copy[table]) {
        const columns = Object.keys(row);
        const values = columns.map((column) => `@${column}`);
        db.prepare(`INSERT OR REPLACE INTO ${table} (${columns.join()}) VALUES (${values.join()})`).run(row);
      }
    }
  });
}

describe('rows put back from an earlier day', () => {
  test('an older profile of the same person does not open beside the newer revision', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    const ada = await withAda(options);
    const before = copyRows(options, ada);
    {
      await using opened = await openTestGallery(options);
      opened.gallery.changeProfile(ada, { name: 'Countess' }, tester);
    }
    tamper(options, (db) =>
      db.prepare('UPDATE person SET profile = ? WHERE id = ?').run(before.person[0]?.['profile'], ada),
    );
    await using opened = await openTestGallery(options);
    assert.deepEqual(
      opened.gallery.quarantined.map(({ rowId, reason }) => ({ rowId, reason })),
      [{ rowId: ada, reason: 'does-not-open' }],
    );
  });

  test('a whole row from before a removal does not bring the person back into recognition', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    const ada = await withAda(options);
    const before = copyRows(options, ada);
    {
      await using opened = await openTestGallery(options);
      opened.gallery.removePerson(ada, tester);
    }
    putBack(options, before);
    await using opened = await openTestGallery(options);
    const { gallery, file } = opened;
    assert.deepEqual([await isFound(gallery, 1), await isFound(gallery, 2)], [false, true]);
    assert.deepEqual(gallery.quarantined, [
      { table: 'person', rowId: ada, personId: ada, reason: 'rolled-back' },
    ]);
    assert.equal(file.audit.verify().outcome, 'whole');
  });

  test('rows and the data key from before a withdrawal of consent do not bring the person back either', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    const ada = await withAda(options);
    const before = copyRows(options, ada);
    {
      await using opened = await openTestGallery(options);
      opened.gallery.eraseBiometricData(ada, { name: 'Ada' }, tester);
    }
    putBack(options, before);
    await using opened = await openTestGallery(options);
    const { gallery, file } = opened;
    assert.equal(await isFound(gallery, 1), false);
    const shown = gallery.showPerson(ada);
    assert.deepEqual([shown?.state, shown?.templateCount, shown?.photographCount], ['removed', 0, 0]);
    assert.notEqual(shown?.profile?.consent?.withdrawnIso, undefined);
    const entries = file.audit.list({ action: 'person.consent-withdrawn', subject: ada });
    assert.deepEqual(
      entries.map(({ actor }) => actor),
      [tester.actor, 'daemon'],
      'withdrawn again, which the audit log says',
    );
  });

  test('an erased person whose rows are put back is erased again at the next opening, with an audit entry', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    const ada = await withAda(options);
    const before = copyRows(options, ada);
    {
      await using opened = await openTestGallery(options);
      assert.ok(opened.gallery.erasePerson(ada, tester));
    }
    putBack(options, before);
    await using opened = await openTestGallery(options);
    const { gallery, file } = opened;
    assert.equal(await isFound(gallery, 1), false);
    assert.deepEqual([gallery.showPerson(ada), await namesIn(gallery)], [undefined, ['Grace']]);
    const erasures = file.audit.list({ action: 'person.erased', subject: ada });
    assert.deepEqual(
      erasures.map(({ actor }) => actor),
      [tester.actor, 'daemon'],
    );
    assertNothingLeft(file.database.db, ada);
  });

  /** Nothing of the person is left in any table. */
  function assertNothingLeft(db: Parameters<Parameters<typeof tamper>[1]>[0], ada: PersonId): void {
    for (const table of ['template', 'photograph']) {
      const left = db.prepare(`SELECT count(*) FROM ${table} WHERE person_id = ?`).pluck().get(ada);
      assert.equal(left, 0, table);
    }
    assert.equal(db.prepare('SELECT count(*) FROM data_key').pluck().get(), 1);
  }

  test('an erased person is not recognised even if the tombstone was deleted too', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    const ada = await withAda(options);
    const before = copyRows(options, ada);
    {
      await using opened = await openTestGallery(options);
      opened.gallery.erasePerson(ada, tester);
    }
    putBack(options, before);
    tamper(options, (db) => db.exec('DELETE FROM tombstone'));
    await using opened = await openTestGallery(options);
    assert.equal(await isFound(opened.gallery, 1), false);
    assert.equal(opened.gallery.quarantined[0]?.reason, 'rolled-back');
  });

  test('rows of another gallery under another key do not open', async (t) => {
    const [mine, theirs] = [galleryOptions(temporaryDirectory(t)), galleryOptions(temporaryDirectory(t))];
    await withAda(mine);
    const foreign = await withAda({ ...theirs, providers: providersOf(fixedKey(8)) });
    putBack(mine, copyRows(theirs, foreign));
    await using opened = await openTestGallery(mine);
    assert.equal(opened.gallery.personCount, 2);
    assert.equal(opened.gallery.showPerson(personId(foreign))?.profile, undefined);
  });
});
