import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { isRollcallError } from '../../daemon/base/errors.js';
import { VirtualClock } from '../../daemon/base/virtual-clock.js';
import { personId } from '../../daemon/domain/ids.js';
import { openGallery } from '../../daemon/gallery/open-gallery.js';
import {
  enrolmentPhotograph,
  galleryOptions,
  noiseJpeg,
  temporaryDirectory,
  unitVector,
} from '../support/gallery-fixture.js';

describe('persons of a gallery', () => {
  test('are found at once, listed, shown and there again after reopening', async (t) => {
    const options = galleryOptions(temporaryDirectory(t), { clock: new VirtualClock(5000) });
    let ada: Awaited<ReturnType<Awaited<ReturnType<typeof openGallery>>['addPerson']>>;
    {
      await using gallery = await openGallery(options);
      ada = await gallery.addPerson({ name: ' Ada ', photographs: [1, 2, 3].map(enrolmentPhotograph) });
      await gallery.addPerson({ name: 'Grace', photographs: [enrolmentPhotograph(4)] });
      assert.equal((await gallery.nearest(unitVector(2), { count: 1 }))[0]?.personId, ada);
    }
    await using gallery = await openGallery(options);
    assert.deepEqual([gallery.personCount, gallery.templateCount], [2, 4]);
    assert.deepEqual(gallery.quarantined, []);
    const [best, second] = await gallery.nearest(unitVector(2), { count: 2 });
    assert.equal(best?.personId, ada);
    assert.ok(Math.abs(best.similarity - 1) < 1e-5);
    assert.ok(second && second.similarity < 0.5);

    const listed = await gallery.listPersons();
    assert.deepEqual(listed.map(({ name }) => name).sort(), ['Ada', 'Grace']);
    assert.deepEqual(
      listed.find(({ id }) => id === ada),
      { id: ada, name: 'Ada', enrolledAtMs: 5000, templateCount: 3, photographCount: 3 },
    );
    const shown = gallery.showPerson(ada);
    assert.ok(shown);
    assert.deepEqual(
      shown.templates.map(({ quality }) => quality),
      [0.9, 0.9, 0.9],
    );
    const photographs = shown.photographIds.map((id) => gallery.readPhotograph(ada, id));
    for (const seed of [1, 2, 3]) {
      assert.ok(photographs.some((jpeg) => jpeg && Buffer.from(noiseJpeg(seed)).equals(jpeg)));
    }
  });

  test('are listed in order of enrolment, over several pages', async (t) => {
    const clock = new VirtualClock();
    await using gallery = await openGallery(galleryOptions(temporaryDirectory(t), { clock }));
    const photographs = [{ ...enrolmentPhotograph(1), jpeg: noiseJpeg(1, 10) }];
    for (let person = 0; person < 1101; person += 1) {
      clock.advanceBy(person % 3);
      await gallery.addPerson({ name: `Person ${person}`, photographs });
    }
    const listed = await gallery.listPersons();
    assert.equal(listed.length, 1101);
    assert.equal(new Set(listed.map(({ name }) => name)).size, 1101);
    assert.ok(listed.every((entry, place) => entry.enrolledAtMs >= (listed[place - 1]?.enrolledAtMs ?? 0)));
  });

  test('who were removed are gone from search, list and, after reopening, from the file', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    {
      await using gallery = await openGallery(options);
      const ada = await gallery.addPerson({ name: 'Ada', photographs: [1, 2].map(enrolmentPhotograph) });
      const grace = await gallery.addPerson({ name: 'Grace', photographs: [enrolmentPhotograph(3)] });
      assert.equal(gallery.removePerson(ada), true);
      assert.equal(gallery.removePerson(ada), false);
      assert.equal(gallery.showPerson(ada), undefined);
      const found = await gallery.nearest(unitVector(1), { count: 5 });
      assert.deepEqual(
        found.map(({ personId: id }) => id),
        [grace],
      );
    }
    await using gallery = await openGallery(options);
    assert.deepEqual([gallery.personCount, gallery.templateCount], [1, 1]);
    const database = new Sqlite(options.path, { readonly: true });
    for (const table of ['template', 'photograph']) {
      assert.deepEqual(database.prepare(`SELECT count(*) AS n FROM ${table}`).get(), { n: 1 });
    }
    database.close();
  });

  test('unknown ids are nobody', async (t) => {
    await using gallery = await openGallery(galleryOptions(temporaryDirectory(t)));
    const nobody = personId('p-nobody');
    assert.equal(gallery.showPerson(nobody), undefined);
    assert.equal(gallery.readPhotograph(nobody, 'f-1'), undefined);
    assert.equal(gallery.removePerson(nobody), false);
    assert.deepEqual(await gallery.listPersons(), []);
  });

  test('a second enrolment of the same face is recognised before it happens', async (t) => {
    await using gallery = await openGallery(galleryOptions(temporaryDirectory(t)));
    const ada = await gallery.addPerson({ name: 'Ada', photographs: [1, 2].map(enrolmentPhotograph) });
    await gallery.addPerson({ name: 'Grace', photographs: [enrolmentPhotograph(3)] });
    const similar = await gallery.findSimilar([unitVector(9), unitVector(2)], 0.5);
    assert.equal(similar.length, 1);
    assert.equal(similar[0]?.personId, ada);
    assert.ok((similar[0]?.similarity ?? 0) > 0.999);
    assert.deepEqual(await gallery.findSimilar([unitVector(9)], 0.9), []);
  });

  test('a refused enrolment leaves nothing behind', async (t) => {
    await using gallery = await openGallery(galleryOptions(temporaryDirectory(t)));
    await assert.rejects(gallery.addPerson({ name: '', photographs: [enrolmentPhotograph(1)] }), (error) =>
      isRollcallError(error, 'enrolment-refused'),
    );
    assert.equal(gallery.templateCount, 0);
    assert.deepEqual(await gallery.listPersons(), []);
  });

  test('a gallery closed during an enrolment finishes it; afterwards it refuses', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    const gallery = await openGallery(options);
    const adding = gallery.addPerson({ name: 'Ada', photographs: [1, 2].map(enrolmentPhotograph) });
    await gallery[Symbol.asyncDispose]();
    const ada = await adding;
    const isClosed = (error: unknown): boolean => isRollcallError(error, 'gallery-closed');
    await assert.rejects(gallery.listPersons(), isClosed);
    assert.throws(() => gallery.removePerson(ada), isClosed);
    await using again = await openGallery(options);
    assert.equal(again.showPerson(ada)?.name, 'Ada');
  });
});

test('every file of a gallery is for its owner only', async (t) => {
  const directory = join(temporaryDirectory(t), 'made', 'on', 'demand');
  await using gallery = await openGallery(galleryOptions(directory));
  await gallery.addPerson({ name: 'Ada', photographs: [enrolmentPhotograph(1)] });
  const files = readdirSync(directory).sort();
  assert.deepEqual(files, ['gallery.db', 'gallery.db-shm', 'gallery.db-wal', 'gallery.db.lock']);
  for (const file of files) assert.equal(statSync(join(directory, file)).mode & 0o777, 0o600, file);
  assert.equal(statSync(directory).mode & 0o777, 0o700);
});
