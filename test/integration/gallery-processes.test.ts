import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import { openGalleryFile } from '../../daemon/core/gallery/gallery-file.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { personId } from '../../daemon/kernel/ids.js';
import { seededRandom } from '../../daemon/kernel/random.js';
import {
  enrolmentOf,
  enrolPersons,
  galleryOptions,
  openTestGallery,
  temporaryDirectory,
  tester,
} from '../support/gallery-fixture.js';
import { type GalleryChild, runGalleryChild, startGalleryChild } from '../support/gallery-process.js';
import { filesIn, piecesIn } from '../support/gallery-tampering.js';

const random = seededRandom(20);

/** Kills the child after `lines` more lines and somewhere inside what it does next: a few turns of this event loop later. */
async function killWithin(child: GalleryChild, lines: number): Promise<void> {
  await child.printed(2 + Math.floor(random.unit() * lines));
  for (let turns = Math.floor(random.unit() * 200); turns > 0; turns -= 1) await nextTurn();
  await child.kill();
}

/** What the child printed after it had opened the gallery. */
const doneBy = (child: GalleryChild): readonly string[] => child.lines.slice(2);

async function assertNoPartialPerson(gallery: Gallery, views: number): Promise<number> {
  assert.deepEqual(gallery.quarantined, []);
  const persons = await gallery.listPersons();
  for (const { id, state, profile, templateCount, photographCount } of persons) {
    assert.deepEqual(
      [state, typeof profile?.name, templateCount, photographCount],
      ['active', 'string', views, views],
      id,
    );
  }
  assert.equal(gallery.templateCount, persons.length * views);
  return persons.length;
}

describe('one gallery in several processes', () => {
  test('the second process is refused while the first lives, and opens after any end of the first', async (t) => {
    const directory = temporaryDirectory(t);
    const options = galleryOptions(directory);
    const first = startGalleryChild(t, directory, 'hold');
    await first.printed(2);
    await assert.rejects(openGalleryFile(options), (error) => {
      assert.ok(isRollcallError(error, 'gallery-in-use'));
      assert.match(error.remedy ?? '', /rollcalld/);
      return true;
    });
    await first.kill();
    await using opened = await openTestGallery(options);
    assert.equal(opened.gallery.personCount, 0);
    assert.equal(opened.file.audit.verify().outcome, 'whole');
  });

  test('a refused second opening in this process does not weaken the lock against others', async (t) => {
    const directory = temporaryDirectory(t);
    await using opened = await openTestGallery(galleryOptions(directory));
    await assert.rejects(openGalleryFile(galleryOptions(directory)));
    const { code, complaint } = await runGalleryChild(t, directory, 'hold');
    assert.notEqual(code, 0);
    assert.match(complaint, /gallery-in-use/);
    assert.equal(opened.gallery.personCount, 0);
  });

  test('the lock also holds while the gallery is sealed', async (t) => {
    const directory = temporaryDirectory(t);
    await using _file = await openGalleryFile(galleryOptions(directory));
    const { complaint } = await runGalleryChild(t, directory, 'hold');
    assert.match(complaint, /gallery-in-use/);
  });
});

test('after sixteen kills during enrolments every acknowledged person is complete', async (t) => {
  const directory = temporaryDirectory(t);
  const acknowledged = new Set<string>();
  for (let round = 0; round < 8; round += 1) {
    const child = startGalleryChild(t, directory, 'enrol', String(round * 1000 + 1));
    await killWithin(child, 4);
    for (const id of doneBy(child)) acknowledged.add(id);

    await using opened = await openTestGallery(galleryOptions(directory));
    const { gallery, file } = opened;
    const count = await assertNoPartialPerson(gallery, 3);
    for (const id of acknowledged) assert.ok(gallery.showPerson(personId(id)), `${id} was acknowledged`);
    assert.equal(
      file.audit.count({ action: 'person.enrolled' }),
      count,
      'each of them, and no other, has an entry',
    );
    assert.equal(file.audit.verify().outcome, 'whole');
    const keys = file.database.db.prepare('SELECT count(*) FROM data_key').pluck().get();
    assert.equal(keys, count, 'no data key is left over');
  }
  assert.ok(acknowledged.size > 0, 'some enrolments were done before the kill');
  t.diagnostic(`${acknowledged.size} enrolments acknowledged over 8 kills`);
});

test('after six kills during imports all committed persons are complete and no others exist', async (t) => {
  const directory = temporaryDirectory(t);
  let committed = 0;
  let staged = 0;
  for (let round = 0; round < 6; round += 1) {
    const child = startGalleryChild(t, directory, 'import', String(round * 1000 + 1));
    await killWithin(child, 9);
    const lines = doneBy(child);
    const acknowledged = lines.filter((line) => line === 'committed 4').length;
    staged += lines.length - acknowledged * 5;

    await using opened = await openTestGallery(galleryOptions(directory));
    const count = await assertNoPartialPerson(opened.gallery, 3);
    assert.equal(count % 4, 0, 'an import is there with all its persons or none');
    // The kill may have come between a commit and its acknowledgement.
    assert.ok([0, 4].includes(count - committed - acknowledged * 4), `${count} persons`);
    committed = count;
    const { db } = opened.file.database;
    for (const table of ['person', 'data_key']) {
      assert.equal(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get(), count, table);
    }
    assert.equal(opened.file.audit.verify().outcome, 'whole');
  }
  assert.ok(committed > 0 && staged > 0, `${committed} committed, ${staged} staged at the kill`);
  t.diagnostic(`${committed} persons committed, ${staged} staged and purged over 6 kills`);
});

test('after six kills during erasures no file contains an erased person', async (t) => {
  const directory = temporaryDirectory(t);
  const options = galleryOptions(directory);
  await enrolPersons(options, 150);
  const erased = new Set<string>();
  for (let round = 0; round < 6; round += 1) {
    const before = await sealedOf(options);
    const child = startGalleryChild(t, directory, 'erase');
    await killWithin(child, 6);
    for (const id of doneBy(child)) erased.add(id);

    await using opened = await openTestGallery(options);
    const { gallery, file } = opened;
    const left = new Set((await gallery.listPersons()).map(({ id }) => String(id)));
    for (const id of erased) assert.equal(left.has(id), false, `${id} came back`);
    assert.deepEqual([gallery.quarantined, gallery.personCount], [[], left.size]);
    assert.equal(file.audit.count({ action: 'person.erased' }), 150 - left.size + round);
    assert.equal(file.audit.verify().outcome, 'whole');
    const files = filesIn(t, directory);
    for (const [id, sealed] of before) {
      if (!left.has(id)) assert.equal(piecesIn(files, sealed), 0, `${id} is left in a file`);
    }
    const worksOn = await gallery.addPerson(enrolmentOf('Works on', [1000 + round]), tester);
    assert.ok(gallery.erasePerson(worksOn, tester));
  }
  t.diagnostic(`${erased.size} erasures acknowledged over 10 kills`);
});

/** The sealed photograph of each person, by id. */
async function sealedOf(options: ReturnType<typeof galleryOptions>): Promise<ReadonlyMap<string, Buffer>> {
  await using file = await openGalleryFile(options);
  const rows = file.database.db
    .prepare<[], { id: string; jpeg: Buffer }>('SELECT person_id AS id, jpeg FROM photograph')
    .all();
  return new Map(rows.map(({ id, jpeg }) => [id, jpeg.subarray(0, 512)]));
}
