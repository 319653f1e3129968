import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import type { Enrolment } from '../../daemon/core/gallery/persons/enrolment.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import type { PersonId } from '../../daemon/kernel/ids.js';
import {
  enrolmentOf,
  enrolmentPhotograph,
  galleryOptions,
  namesIn,
  openTestGallery,
  temporaryDirectory,
  tester,
  unitVector,
} from '../support/gallery-fixture.js';
import { tamper } from '../support/gallery-tampering.js';

const withId = (name: string, externalId: string, seed: number): Enrolment => ({
  profile: { name, externalId },
  photographs: [enrolmentPhotograph(seed)],
});

async function isFound(gallery: Gallery, seed: number): Promise<boolean> {
  const [best] = await gallery.nearest(unitVector(seed), { count: 1 });
  return best !== undefined && best.similarity > 0.99;
}

describe('an import', () => {
  test('is invisible until its commit, which makes all its persons known at once', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    let ids: readonly PersonId[];
    {
      await using opened = await openTestGallery(options);
      const { gallery, file } = opened;
      await gallery.addPerson(enrolmentOf('Before', [1]), tester);
      const id = await gallery.beginImport();
      ids = [
        await gallery.addPerson(withId('Ada', '10', 2), tester, id),
        await gallery.addPerson(withId('Grace', '11', 3), tester, id),
        await gallery.addPerson(withId('Emmy', '12', 4), tester, id),
      ];
      assert.deepEqual(await namesIn(gallery), ['Before']);
      assert.deepEqual([gallery.personCount, await isFound(gallery, 2)], [1, false]);
      assert.equal(await gallery.personOfExternalId('10'), undefined);
      assert.equal(file.audit.count({ action: 'person.enrolled' }), 1);

      assert.deepEqual(await gallery.commitImport(id, tester), ids, 'in the order in which they were staged');
      assert.deepEqual([gallery.personCount, await isFound(gallery, 2)], [4, true]);
      assert.equal(await gallery.personOfExternalId('10'), ids[0]);
      assert.equal(file.audit.count({ action: 'person.enrolled' }), 4);
      assert.equal(file.audit.count({ action: 'import.committed', subject: id }), 1);
    }
    await using opened = await openTestGallery(options);
    assert.deepEqual(opened.gallery.quarantined, []);
    assert.deepEqual((await namesIn(opened.gallery)).toSorted(), ['Ada', 'Before', 'Emmy', 'Grace']);
    assert.equal(await isFound(opened.gallery, 3), true);
    assert.equal(opened.file.audit.verify().outcome, 'whole');
  });

  test('finds its own staged persons by face and external id, and no other import finds them', async (t) => {
    await using opened = await openTestGallery(galleryOptions(temporaryDirectory(t)));
    const { gallery } = opened;
    const before = await gallery.addPerson(withId('Before', '9', 1), tester);
    const [mine, other] = [await gallery.beginImport(), await gallery.beginImport()];
    const ada = await gallery.addPerson(withId('Ada', '10', 2), tester, mine);
    const similar = async (seed: number, id?: string) =>
      (await gallery.findSimilar([unitVector(seed)], 0.9, id)).map(({ personId: found }) => found);
    assert.deepEqual([await similar(2, mine), await similar(1, mine)], [[ada], [before]]);
    assert.deepEqual([await similar(2), await similar(2, other)], [[], []]);
    assert.equal(await gallery.personOfExternalId('10', mine), ada);
    assert.equal(await gallery.personOfExternalId('9', mine), before);
    assert.equal(await gallery.personOfExternalId('10', other), undefined);
    assert.equal(await gallery.personOfExternalId('10'), undefined);
  });

  test('if abandoned leaves none of its rows, and keeps the rows of another import', async (t) => {
    await using opened = await openTestGallery(galleryOptions(temporaryDirectory(t)));
    const { gallery, file } = opened;
    const [first, second] = [await gallery.beginImport(), await gallery.beginImport()];
    for (const seed of [1, 2]) await gallery.addPerson(enrolmentOf(`First ${seed}`, [seed]), tester, first);
    await gallery.addPerson(enrolmentOf('Second', [3]), tester, second);
    assert.equal(gallery.abandonImport(first), 2);
    assert.equal(statSync(`${file.database.path}-wal`).size, 0, 'the log does not remember them');
    const { db } = file.database;
    for (const table of ['person', 'data_key', 'template', 'photograph']) {
      assert.equal(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get(), 1, table);
    }
    await gallery.commitImport(second, tester);
    assert.deepEqual(await namesIn(gallery), ['Second']);
    for (const use of [
      () => gallery.commitImport(first, tester),
      () => gallery.addPerson(enrolmentOf('Late', [4]), tester, first),
      () => gallery.commitImport(second, tester),
      async () => gallery.abandonImport(first),
    ]) {
      await assert.rejects(use, (error) => isRollcallError(error, 'no-such-import'));
    }
  });

  test('that ends while it seals a person leaves no person behind', async (t) => {
    await using opened = await openTestGallery(galleryOptions(temporaryDirectory(t)));
    const { gallery, file } = opened;
    const ends: readonly ((id: string) => unknown)[] = [
      (id) => gallery.abandonImport(id),
      (id) => gallery.commitImport(id, tester),
    ];
    for (const end of ends) {
      const id = await gallery.beginImport();
      const adding = gallery.addPerson(enrolmentOf('Ada', [1, 2, 3]), tester, id);
      const refused = assert.rejects(adding, (error) => isRollcallError(error, 'no-such-import'));
      await end(id);
      await refused;
      for (const table of ['person', 'data_key', 'template', 'photograph']) {
        const count = file.database.db.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
        assert.equal(count, 0, table);
      }
    }
  });

  test('that was not committed is purged by the next opening', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    {
      await using opened = await openTestGallery(options);
      const id = await opened.gallery.beginImport();
      await opened.gallery.addPerson(enrolmentOf('Ada', [1]), tester, id);
      await opened.gallery.addPerson(enrolmentOf('Stays', [2]), tester);
    }
    await using opened = await openTestGallery(options);
    assert.deepEqual(await namesIn(opened.gallery), ['Stays']);
    const { db } = opened.file.database;
    for (const table of ['person', 'data_key', 'template', 'photograph']) {
      assert.equal(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get(), 1, table);
    }
  });

  test('cannot be committed by altering a state in the file', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    {
      await using opened = await openTestGallery(options);
      const id = await opened.gallery.beginImport();
      await opened.gallery.addPerson(enrolmentOf('Ada', [1]), tester, id);
    }
    tamper(options, (db) => db.exec("UPDATE person SET state = 'active'"));
    await using opened = await openTestGallery(options);
    assert.equal(await isFound(opened.gallery, 1), false);
    assert.equal(opened.gallery.quarantined.length, 1);
  });

  test('whose commit fails halfway commits no person', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await using opened = await openTestGallery(options);
    const { gallery, file } = opened;
    const id = await gallery.beginImport();
    for (const seed of [1, 2, 3]) await gallery.addPerson(enrolmentOf(`Person ${seed}`, [seed]), tester, id);
    file.database.db.exec(
      'UPDATE person SET profile = zeroblob(300) WHERE id = (SELECT max(id) FROM person)',
    );
    await assert.rejects(gallery.commitImport(id, tester), (error) =>
      isRollcallError(error, 'field-damaged'),
    );
    assert.deepEqual([await namesIn(gallery), gallery.personCount], [[], 0]);
    assert.equal(file.audit.count({ action: 'person.enrolled' }), 0);
    assert.equal(gallery.abandonImport(id), 3);
  });

  test('while it runs its persons are neither recognised nor listed, and cannot be changed', async (t) => {
    await using opened = await openTestGallery(galleryOptions(temporaryDirectory(t)));
    const { gallery } = opened;
    const id = await gallery.beginImport();
    const ada = await gallery.addPerson(enrolmentOf('Ada', [1]), tester, id);
    assert.equal(gallery.showPerson(ada)?.state, 'staged');
    assert.equal(gallery.changeProfile(ada, { name: 'X' }, tester), false);
    assert.equal(gallery.removePerson(ada, tester), false);
    assert.equal(gallery.restorePerson(ada, tester), false);
    assert.equal(gallery.erasePerson(ada, tester), undefined);
    assert.equal(gallery.eraseBiometricData(ada, { name: 'X' }, tester), undefined);
  });
});
