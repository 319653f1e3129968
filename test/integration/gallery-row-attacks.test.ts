import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { isFound, withAda } from '../support/ada-and-grace.js';
import {
  enrolPersons,
  galleryOptions,
  namesIn,
  openTestGallery,
  temporaryDirectory,
  tester,
} from '../support/gallery-fixture.js';
import { swap, tamper } from '../support/gallery-tampering.js';

describe('rows moved between two persons', () => {
  test('templates that were exchanged by person or by row do not open', async (t) => {
    for (const column of ['person_id', 'vector']) {
      const options = galleryOptions(temporaryDirectory(t));
      await enrolPersons(options, 3);
      tamper(options, (db) => swap(db, 'template', column));
      await using opened = await openTestGallery(options);
      assert.equal(opened.gallery.templateCount, 1, column);
      const tablesOf = opened.gallery.quarantined.map(({ table }) => table);
      assert.deepEqual(tablesOf, ['template', 'template'], column);
    }
  });

  test('exchanged profiles and data keys open for neither person, and a third person is not affected', async (t) => {
    for (const [table, column] of [
      ['person', 'profile'],
      ['person', 'data_key_id'],
      ['data_key', 'wrapped'],
    ] as const) {
      const options = galleryOptions(temporaryDirectory(t));
      await enrolPersons(options, 3);
      tamper(options, (db) => swap(db, table, column));
      await using opened = await openTestGallery(options);
      const { gallery } = opened;
      const named = (await namesIn(gallery)).filter((name) => name !== undefined);
      assert.equal(named.length, 1, column);
      const damaged = gallery.quarantined;
      assert.deepEqual(
        damaged.map((row) => row.table),
        ['person', 'person'],
        column,
      );
      assert.equal(gallery.personCount, 1, 'whom nothing vouches for is not recognised');
      for (const { personId: id } of damaged) {
        assert.ok(id);
        assert.equal(gallery.showPerson(id)?.profile, undefined);
        assert.throws(
          () => gallery.changeProfile(id, { name: 'Anew' }, tester),
          (error) => isRollcallError(error, 'field-damaged'),
        );
      }
      assert.equal(gallery.quarantined.length, 2, 'each row is put aside once');
    }
  });

  test('an exchanged photograph gives an error that names the row', async (t) => {
    for (const column of ['jpeg', 'person_id']) {
      const options = galleryOptions(temporaryDirectory(t));
      await enrolPersons(options, 3);
      tamper(options, (db) => swap(db, 'photograph', column));
      await using opened = await openTestGallery(options);
      const { gallery } = opened;
      let refused = 0;
      for (const { id } of await gallery.listPersons()) {
        const [photograph] = gallery.showPerson(id)?.photographs ?? [];
        assert.ok(photograph);
        try {
          assert.ok(gallery.readPhotograph(id, photograph.id));
        } catch (error) {
          assert.ok(isRollcallError(error, 'field-damaged'));
          assert.equal(error.details['rowId'], photograph.id);
          refused += 1;
        }
      }
      assert.equal(refused, 2, column);
      assert.deepEqual(
        gallery.quarantined.map(({ table }) => table),
        ['photograph', 'photograph'],
      );
    }
  });

  test('a sealed value does not open in another column', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await enrolPersons(options, 2);
    tamper(options, (db) => {
      db.exec(`UPDATE person SET profile = (SELECT jpeg FROM photograph WHERE person_id = person.id);
               UPDATE template SET vector = (SELECT wrapped FROM data_key LIMIT 1);`);
    });
    await using opened = await openTestGallery(options);
    assert.deepEqual(await namesIn(opened.gallery), [undefined, undefined]);
    assert.equal(opened.gallery.templateCount, 0);
  });
});

describe('altered readable columns', () => {
  test('a removed person whose state was set to active is not recognised, not even after a change', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    const ada = await withAda(options, (gallery, id) => gallery.removePerson(id, tester));
    tamper(options, (db) => db.exec("UPDATE person SET state = 'active'"));
    await using opened = await openTestGallery(options);
    const { gallery, file } = opened;
    assert.deepEqual([await isFound(gallery, 1), await isFound(gallery, 2)], [false, true]);
    const reported = { table: 'person', rowId: ada, personId: ada, reason: 'does-not-open' };
    assert.deepEqual(gallery.quarantined, [reported]);
    assert.equal(file.audit.count({ action: 'gallery.row-quarantined', subject: ada }), 1);
    for (const attempt of [
      () => gallery.removePerson(ada, tester),
      () => gallery.changeProfile(ada, { name: 'Ada' }, tester),
    ]) {
      assert.throws(attempt, (error) => isRollcallError(error, 'field-damaged'));
    }
    assert.ok(gallery.erasePerson(ada, tester), 'but can be erased');
    assert.deepEqual(gallery.quarantined, []);
  });

  test('an active person whose state was altered is not lost', async (t) => {
    for (const state of ['removed', 'staged']) {
      const options = galleryOptions(temporaryDirectory(t));
      const ada = await withAda(options);
      tamper(options, (db) => db.prepare('UPDATE person SET state = ? WHERE id = ?').run(state, ada));
      await using opened = await openTestGallery(options);
      assert.equal(await isFound(opened.gallery, 1), false);
      assert.equal(await isFound(opened.gallery, 2), true);
      assert.equal(opened.gallery.quarantined[0]?.rowId, ada, state);
      assert.equal(opened.gallery.showPerson(ada)?.state, state);
    }
  });

  test('a template relabelled to another recogniser is never compared', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await enrolPersons(options, 3);
    tamper(options, (db) =>
      db.exec("UPDATE template SET recogniser = 'x' WHERE id = (SELECT min(id) FROM template)"),
    );
    await using opened = await openTestGallery(options);
    assert.equal(opened.gallery.templateCount, 2);
    assert.deepEqual(
      opened.gallery.quarantined.map(({ table, reason }) => ({ table, reason })),
      [{ table: 'template', reason: 'does-not-open' }],
    );
  });

  test('a template without a person is reported, whatever the id of its owner', async (t) => {
    for (const owner of ['p-0', 'p-zzzz', 'P\u0001 \ufffd', '\u{10fffe}']) {
      const options = galleryOptions(temporaryDirectory(t));
      await enrolPersons(options, 2);
      tamper(options, (db) =>
        db.prepare('UPDATE template SET person_id = ? WHERE id = (SELECT min(id) FROM template)').run(owner),
      );
      await using opened = await openTestGallery(options);
      assert.equal(opened.gallery.templateCount, 1);
      assert.deepEqual(
        opened.gallery.quarantined.map(({ personId: id, reason }) => ({ id, reason })),
        [{ id: owner, reason: 'of-nobody' }],
      );
    }
  });

  test('the gallery opens although ids were replaced by invalid ones', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await enrolPersons(options, 2);
    tamper(options, (db) =>
      db.exec("UPDATE person SET id = 'P ' || char(1) || 'x' WHERE id = (SELECT min(id) FROM person)"),
    );
    await using opened = await openTestGallery(options);
    assert.equal(opened.gallery.personCount, 1);
    assert.deepEqual(opened.gallery.quarantined.map(({ table }) => table).toSorted(), ['person', 'template']);
    assert.equal(opened.file.audit.verify().outcome, 'whole');
  });

  test('a deleted template row loses that template alone', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await enrolPersons(options, 3);
    tamper(options, (db) => db.exec('DELETE FROM template WHERE id = (SELECT min(id) FROM template)'));
    await using opened = await openTestGallery(options);
    assert.deepEqual([opened.gallery.templateCount, (await namesIn(opened.gallery)).length], [2, 3]);
  });

  test('a person whose data key is gone is reported', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    const ada = await withAda(options);
    tamper(options, (db) =>
      db.prepare('DELETE FROM data_key WHERE id = (SELECT data_key_id FROM person WHERE id = ?)').run(ada),
    );
    await using opened = await openTestGallery(options);
    assert.equal((await opened.gallery.listPersons()).length, 2);
    assert.deepEqual(
      opened.gallery.quarantined.map(({ rowId, reason }) => ({ rowId, reason })),
      [{ rowId: ada, reason: 'key-does-not-open' }],
    );
    assert.equal(await isFound(opened.gallery, 2), true);
  });
});
