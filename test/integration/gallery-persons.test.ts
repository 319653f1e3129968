import assert from 'node:assert/strict';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Gallery } from '../../daemon/core/gallery/gallery.js';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { type PersonId, personId } from '../../daemon/kernel/ids.js';
import type { PersonProfile } from '../../daemon/kernel/persons/person-profile.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import {
  enrolmentOf,
  enrolmentPhotograph,
  galleryOptions,
  namesIn,
  noiseJpeg,
  openTestGallery,
  temporaryDirectory,
  tester,
  unitVector,
} from '../support/gallery-fixture.js';

const fullProfile: PersonProfile = {
  name: 'Ada Lovelace',
  externalId: 'payroll A-1815',
  notes: 'wears glasses\nleft-handed',
  consent: { basis: 'consent', dateIso: '2026-01-02', reference: 'form 7' },
};

async function nearestId(gallery: Gallery, seed: number): Promise<PersonId | undefined> {
  const [best] = await gallery.nearest(unitVector(seed), { count: 1 });
  return best !== undefined && best.similarity > 0.99 ? best.personId : undefined;
}

describe('persons of a gallery', () => {
  test('are found at once, listed and shown, also after reopening', async (t) => {
    const options = galleryOptions(temporaryDirectory(t), { clock: new VirtualClock(5000) });
    let ada: PersonId;
    {
      await using opened = await openTestGallery(options);
      const photographs = [1, 2, 3].map(enrolmentPhotograph);
      ada = await opened.gallery.addPerson({ profile: fullProfile, photographs }, tester);
      await opened.gallery.addPerson(enrolmentOf('Grace', [4]), tester);
      assert.equal(await nearestId(opened.gallery, 2), ada);
    }
    await using opened = await openTestGallery(options);
    const { gallery } = opened;
    assert.deepEqual([gallery.personCount, gallery.templateCount], [2, 4]);
    assert.deepEqual(gallery.quarantined, []);
    const [best, second] = await gallery.nearest(unitVector(2), { count: 2 });
    assert.equal(best?.personId, ada);
    assert.ok(Math.abs(best.similarity - 1) < 1e-5);
    assert.ok(second && second.similarity < 0.5);

    const listed = await gallery.listPersons();
    const names = listed.map(({ profile }) => profile?.name);
    assert.deepEqual(names.sort(), ['Ada Lovelace', 'Grace']);
    const shown = gallery.showPerson(ada);
    assert.ok(shown);
    const { bestPhotographId, ...entry } = listed.find(({ id }) => id === ada) ?? {};
    assert.ok(shown.photographs.some(({ id }) => id === bestPhotographId));
    assert.deepEqual(entry, {
      id: ada,
      state: 'active',
      profile: fullProfile,
      revision: 1,
      enrolledAtMs: 5000,
      changedAtMs: 5000,
      templateCount: 3,
      photographCount: 3,
      evidenceCount: 0,
    });
    assert.deepEqual(
      shown.templates.map(({ quality }) => quality),
      [0.9, 0.9, 0.9],
    );
    const photographs = shown.photographs.map(({ id }) => gallery.readPhotograph(ada, id));
    const templates = gallery.readTemplates(ada).map(({ bytes }) => Buffer.from(bytes));
    for (const seed of [1, 2, 3]) {
      assert.ok(photographs.some((jpeg) => jpeg && Buffer.from(noiseJpeg(seed)).equals(jpeg)));
      const held = Buffer.from(unitVector(seed).slice().buffer);
      assert.ok(templates.some((bytes) => held.equals(bytes)));
    }
  });

  test('are listed in order of enrolment, over several pages', async (t) => {
    const clock = new VirtualClock();
    await using opened = await openTestGallery(galleryOptions(temporaryDirectory(t), { clock }));
    const photographs = [{ ...enrolmentPhotograph(1), jpeg: noiseJpeg(1, 10) }];
    for (let person = 0; person < 1101; person += 1) {
      clock.advanceBy(person % 3);
      await opened.gallery.addPerson({ profile: { name: `Person ${person}` }, photographs }, tester);
    }
    const listed = await opened.gallery.listPersons();
    assert.equal(listed.length, 1101);
    assert.equal(new Set(listed.map(({ profile }) => profile?.name)).size, 1101);
    assert.ok(listed.every((entry, place) => entry.enrolledAtMs >= (listed[place - 1]?.enrolledAtMs ?? 0)));
  });

  test('are found by their external id, and under a changed profile after reopening', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    const changed = { name: 'Countess', externalId: '1816' };
    let ada: PersonId;
    {
      await using opened = await openTestGallery(options);
      const { gallery } = opened;
      ada = await gallery.addPerson({ profile: fullProfile, photographs: [enrolmentPhotograph(1)] }, tester);
      assert.equal(await gallery.personOfExternalId('payroll A-1815'), ada);
      assert.equal(gallery.changeProfile(ada, changed, tester), true);
      assert.equal(await gallery.personOfExternalId('payroll A-1815'), undefined);
    }
    await using opened = await openTestGallery(options);
    assert.deepEqual(opened.gallery.showPerson(ada)?.profile, changed);
    assert.equal(await opened.gallery.personOfExternalId('1816'), ada);
    assert.equal(await nearestId(opened.gallery, 1), ada, 'the templates are still theirs');
  });

  test('are not found after their removal until they are restored, at once and after reopening', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    const clock = options.clock as VirtualClock;
    let ada: PersonId;
    let grace: PersonId;
    {
      await using opened = await openTestGallery(options);
      const { gallery } = opened;
      ada = await gallery.addPerson(enrolmentOf('Ada', [1, 2]), tester);
      grace = await gallery.addPerson(enrolmentOf('Grace', [3]), tester);
      clock.advanceBy(1000);
      assert.equal(gallery.removePerson(ada, tester), true);
      assert.equal(gallery.removePerson(ada, tester), false);
      const found = await gallery.nearest(unitVector(1), { count: 5 });
      assert.deepEqual(
        found.map(({ personId: id }) => id),
        [grace],
      );
    }
    {
      await using opened = await openTestGallery(options);
      const { gallery } = opened;
      assert.deepEqual([gallery.personCount, gallery.templateCount], [1, 1]);
      assert.equal(await nearestId(gallery, 1), undefined);
      const shown = gallery.showPerson(ada);
      assert.deepEqual(
        [shown?.state, shown?.profile?.name, shown?.changedAtMs],
        ['removed', 'Ada', 1_700_000_001_000],
      );
      assert.deepEqual((await namesIn(gallery)).toSorted(), ['Ada', 'Grace']);
      assert.equal(gallery.restorePerson(grace, tester), false, 'who is active cannot be restored');
      assert.equal(gallery.restorePerson(ada, tester), true);
      assert.equal(await nearestId(gallery, 1), ada);
    }
    await using opened = await openTestGallery(options);
    assert.deepEqual([await nearestId(opened.gallery, 2), await nearestId(opened.gallery, 3)], [ada, grace]);
    const actions = opened.file.audit.list({}).map(({ action }) => action);
    for (const action of ['person.enrolled', 'person.removed', 'person.restored']) {
      assert.ok(actions.includes(action), action);
    }
  });

  test('an unknown id belongs to no person', async (t) => {
    await using opened = await openTestGallery(galleryOptions(temporaryDirectory(t)));
    const { gallery } = opened;
    const nobody = personId('p-nobody');
    assert.equal(gallery.showPerson(nobody), undefined);
    assert.equal(gallery.readPhotograph(nobody, 'f-1'), undefined);
    assert.deepEqual(gallery.readTemplates(nobody), []);
    assert.equal(gallery.changeProfile(nobody, { name: 'Nobody' }, tester), false);
    assert.equal(gallery.removePerson(nobody, tester), false);
    assert.equal(gallery.restorePerson(nobody, tester), false);
    assert.equal(gallery.erasePerson(nobody, tester), undefined);
    assert.equal(gallery.eraseBiometricData(nobody, { name: 'Nobody' }, tester), undefined);
    assert.equal(await gallery.personOfExternalId('x'), undefined);
    assert.deepEqual(await gallery.listPersons(), []);
  });

  test('the gallery finds the same face before a second enrolment', async (t) => {
    await using opened = await openTestGallery(galleryOptions(temporaryDirectory(t)));
    const { gallery } = opened;
    const ada = await gallery.addPerson(enrolmentOf('Ada', [1, 2]), tester);
    await gallery.addPerson(enrolmentOf('Grace', [3]), tester);
    const similar = await gallery.findSimilar([unitVector(9), unitVector(2)], 0.5);
    assert.equal(similar.length, 1);
    assert.equal(similar[0]?.personId, ada);
    assert.ok((similar[0]?.similarity ?? 0) > 0.999);
    assert.deepEqual(await gallery.findSimilar([unitVector(9)], 0.9), []);
  });

  test('a refused enrolment leaves nothing behind', async (t) => {
    await using opened = await openTestGallery(galleryOptions(temporaryDirectory(t)));
    const { gallery, file } = opened;
    await assert.rejects(gallery.addPerson(enrolmentOf('Ada', []), tester), (error) =>
      isRollcallError(error, 'enrolment-refused'),
    );
    assert.equal(gallery.templateCount, 0);
    assert.deepEqual(await gallery.listPersons(), []);
    assert.equal(file.audit.count({ action: 'person.enrolled' }), 0);
  });

  test('a gallery that is closed during an enrolment finishes it and refuses further ones', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    let ada: PersonId;
    {
      await using opened = await openTestGallery(options);
      const { gallery } = opened;
      const adding = gallery.addPerson(enrolmentOf('Ada', [1, 2]), tester);
      await gallery[Symbol.asyncDispose]();
      ada = await adding;
      const isClosed = (error: unknown): boolean => isRollcallError(error, 'gallery-closed');
      await assert.rejects(gallery.listPersons(), isClosed);
      assert.throws(() => gallery.removePerson(ada, tester), isClosed);
    }
    await using again = await openTestGallery(options);
    assert.equal(again.gallery.showPerson(ada)?.profile?.name, 'Ada');
  });

  test('a clock that was set back changes the order of the list and nothing else', async (t) => {
    const directory = temporaryDirectory(t);
    const days = [5, 1, 3];
    for (const [place, day] of days.entries()) {
      const clock = new VirtualClock(day * 86_400_000);
      await using opened = await openTestGallery(galleryOptions(directory, { clock }));
      await opened.gallery.addPerson(enrolmentOf(`Day ${day}`, [place + 1]), tester);
    }
    const clock = new VirtualClock(2 * 86_400_000);
    await using opened = await openTestGallery(galleryOptions(directory, { clock }));
    const { gallery, file } = opened;
    assert.deepEqual(await namesIn(gallery), ['Day 1', 'Day 3', 'Day 5']);
    for (const place of days.keys()) assert.ok(await nearestId(gallery, place + 1));
    const [first] = await gallery.listPersons();
    assert.ok(first && gallery.removePerson(first.id, tester) && gallery.restorePerson(first.id, tester));
    assert.equal(file.audit.verify().outcome, 'whole');
  });
});

test('every change of a person leaves an audit entry that names the person by id alone', async (t) => {
  await using opened = await openTestGallery(galleryOptions(temporaryDirectory(t)));
  const { gallery, file } = opened;
  const id = await gallery.addPerson({ profile: fullProfile, photographs: [enrolmentPhotograph(1)] }, tester);
  gallery.changeProfile(id, { ...fullProfile, notes: 'no glasses' }, tester);
  gallery.removePerson(id, tester);
  gallery.restorePerson(id, tester);
  gallery.erasePerson(id, tester);
  const entries = file.audit.list({}).filter(({ subject }) => subject === id);
  assert.deepEqual(
    entries.map(({ action, actor, origin }) => [action, actor, origin]),
    ['enrolled', 'changed', 'removed', 'restored', 'erased'].map((what) => [
      `person.${what}`,
      tester.actor,
      tester.origin,
    ]),
  );
  const text = JSON.stringify(file.audit.list({ limit: 1000 }));
  for (const secret of ['Ada', 'Lovelace', 'A-1815', 'glasses', 'form 7']) {
    assert.equal(text.includes(secret), false, secret);
  }
  assert.equal(file.audit.verify().outcome, 'whole');
});

test('only its owner may read the files of a gallery', async (t) => {
  const directory = join(temporaryDirectory(t), 'made', 'on', 'demand');
  await using opened = await openTestGallery(galleryOptions(directory));
  await opened.gallery.addPerson(enrolmentOf('Ada', [1]), tester);
  const files = readdirSync(directory).sort();
  assert.deepEqual(files, ['gallery.db', 'gallery.db-shm', 'gallery.db-wal', 'gallery.db.lock']);
  for (const file of files) assert.equal(statSync(join(directory, file)).mode & 0o777, 0o600, file);
  assert.equal(statSync(directory).mode & 0o777, 0o700);
});

test('only ids, times and counts are readable in the rows', async (t) => {
  const options = galleryOptions(temporaryDirectory(t));
  {
    await using opened = await openTestGallery(options);
    await opened.gallery.addPerson(enrolmentOf('Ada', [1]), tester);
  }
  const database = new Sqlite(options.path, { readonly: true });
  const columns = ['data_key', 'person', 'template', 'photograph'].map((table) => {
    const row = database.prepare<[], Record<string, unknown>>(`SELECT * FROM ${table}`).get();
    assert.ok(row);
    const readable = Object.entries(row).filter(([, value]) => !(value instanceof Uint8Array));
    return [table, readable.map(([column]) => column).sort()];
  });
  database.close();
  assert.deepEqual(Object.fromEntries(columns), {
    data_key: ['id', 'kek_id'],
    person: ['changed_at_ms', 'data_key_id', 'enrolled_at_ms', 'id', 'import_id', 'revision', 'state'],
    template: ['id', 'made_from', 'person_id', 'photograph_id', 'quality', 'recogniser'],
    photograph: ['added_at_ms', 'id', 'person_id'],
  });
});
