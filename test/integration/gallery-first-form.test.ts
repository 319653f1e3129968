import assert from 'node:assert/strict';
import { cpSync, existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { isRollcallError } from '../../daemon/base/errors.js';
import { seededRandom } from '../../daemon/base/random.js';
import { personId, recogniserId } from '../../daemon/domain/ids.js';
import type { Gallery } from '../../daemon/gallery/gallery.js';
import { openGalleryFile } from '../../daemon/gallery/gallery-file.js';
import { unlockGallery } from '../../daemon/gallery/open-gallery.js';
import { galleryRecogniser } from '../../daemon/gallery/re-embedding/re-embed-switch.js';
import { type FirstFormPerson, writeFirstForm } from '../support/first-form-gallery.js';
import {
  fixedKey,
  galleryOptions,
  noiseJpeg,
  noKey,
  openTestGallery,
  providersOf,
  type TestGalleryOptions,
  temporaryDirectory,
  tester,
  testRecogniser,
  unitVector,
} from '../support/gallery-fixture.js';
import { startGalleryChild } from '../support/gallery-process.js';
import { tamper } from '../support/gallery-tampering.js';
import { mountSmallDisk } from '../support/small-disk.js';

const secret = new Uint8Array(32).fill(7);

/** `count` persons with two photographs of `jpegBytes` each; the seeds of person n are 10 n and 10 n + 1. */
function personsOf(count: number, jpegBytes = 2000): readonly FirstFormPerson[] {
  return Array.from({ length: count }, (_, n) => ({
    id: `p-${String(n).padStart(4, '0')}`,
    name: `Müller ${n}`,
    enrolledAtMs: 1_600_000_000_000 + n,
    photographs: [0, 1].map((view) => ({
      jpeg: noiseJpeg(10 * n + view, jpegBytes),
      embedding: unitVector(10 * n + view),
    })),
  }));
}

function write(directory: string, persons: readonly FirstFormPerson[]): TestGalleryOptions {
  const options = galleryOptions(directory);
  writeFirstForm({ path: options.path, secret, recogniser: testRecogniser, persons });
  return options;
}

const copyOf = ({ path }: TestGalleryOptions): string => `${path}.before-migration-1`;

async function assertAllThere(gallery: Gallery, persons: readonly FirstFormPerson[]): Promise<void> {
  assert.deepEqual(gallery.quarantined, []);
  assert.deepEqual([gallery.personCount, gallery.templateCount], [persons.length, persons.length * 2]);
  const listed = await gallery.listPersons();
  assert.deepEqual(
    listed.map(({ id, state, profile, enrolledAtMs }) => ({ id, state, profile, enrolledAtMs })),
    persons.map(({ id, name, enrolledAtMs }) => ({ id, state: 'active', profile: { name }, enrolledAtMs })),
  );
  for (const { id, photographs } of persons) {
    const shown = gallery.showPerson(personId(id));
    assert.deepEqual(
      shown?.templates.map(({ quality }) => quality),
      [0.75, 0.75],
    );
    const held = shown.photographs.map((each) => gallery.readPhotograph(personId(id), each.id));
    for (const { jpeg, embedding } of photographs) {
      assert.ok(held.some((each) => each && Buffer.from(jpeg).equals(each)));
      const [best] = await gallery.nearest(embedding, { count: 1 });
      assert.equal(best?.personId, id);
      assert.ok(best.similarity > 0.999);
    }
  }
}

describe('a gallery of the first form', () => {
  test('opens: everybody is there, recognised, and their photographs open', async (t) => {
    const persons = personsOf(30);
    const options = write(temporaryDirectory(t), persons);
    {
      await using opened = await openTestGallery(options);
      await assertAllThere(opened.gallery, persons);
      const [entry] = opened.file.audit.list({ action: 'gallery.migrated' });
      assert.deepEqual(entry?.details, { version: 2, persons: 30, lost: 0 });
      assert.equal(opened.file.audit.verify().outcome, 'whole');
      const tables = opened.file.database.db
        .prepare<[], string>("SELECT name FROM sqlite_schema WHERE name LIKE 'first%'")
        .pluck()
        .all();
      assert.deepEqual(tables, []);
      const keys = opened.file.database.db.prepare('SELECT count(*) FROM data_key').pluck().get();
      assert.equal(keys, 30, 'each has a data key');
    }
    await using again = await openTestGallery(options);
    await assertAllThere(again.gallery, persons);
    assert.equal(again.file.audit.count({ action: 'gallery.migrated' }), 1, 'once');
  });

  test('is copied first: the copy is whole, for its owner only, and opens as the file did', async (t) => {
    const persons = personsOf(5);
    const options = write(temporaryDirectory(t), persons);
    {
      await using _opened = await openTestGallery(options);
    }
    assert.equal(statSync(copyOf(options)).mode & 0o777, 0o600);
    const copy = new Sqlite(copyOf(options), { readonly: true });
    assert.equal(copy.pragma('user_version', { simple: true }), 1);
    assert.equal(copy.pragma('integrity_check', { simple: true }), 'ok');
    assert.equal(copy.prepare('SELECT count(*) FROM person').pluck().get(), 5);
    copy.close();
    const back = galleryOptions(temporaryDirectory(t));
    cpSync(copyOf(options), back.path);
    await using opened = await openTestGallery(back);
    await assertAllThere(opened.gallery, persons);
  });

  test('can be changed like any other: a person is erased with the copy, the others stay', async (t) => {
    const persons = personsOf(3);
    const options = write(temporaryDirectory(t), persons);
    await using opened = await openTestGallery(options);
    assert.ok(opened.gallery.erasePerson(personId('p-0000'), tester));
    assert.equal(existsSync(copyOf(options)), false);
    await assertAllThere(opened.gallery, persons.slice(1));
  });

  test('waits, sealed, for a key that is missing or another one, and loses nothing', async (t) => {
    const persons = personsOf(3);
    const options = write(temporaryDirectory(t), persons);
    for (const [provider, code] of [
      [noKey, 'key-missing'],
      [fixedKey(8), 'wrong-key'],
    ] as const) {
      await using file = await openGalleryFile(options);
      const result = await unlockGallery({ ...options, file, providers: providersOf(provider) });
      assert.equal(result.outcome, 'sealed');
      assert.equal(result.outcome === 'sealed' && result.code, code);
      assert.equal(file.audit.verify().outcome, 'whole', 'the audit log works while it is sealed');
    }
    await using opened = await openTestGallery(options);
    await assertAllThere(opened.gallery, persons);
  });

  test('without any person, or never used, opens as a new one', async (t) => {
    const empty = write(temporaryDirectory(t), []);
    const unused = write(temporaryDirectory(t), []);
    tamper(unused, (db) => db.exec('DELETE FROM gallery'));
    for (const options of [empty, unused]) {
      await using opened = await openTestGallery(options);
      assert.equal(opened.gallery.personCount, 0);
    }
  });

  test('with damaged rows loses those rows alone, counted', async (t) => {
    const persons = personsOf(6);
    const options = write(temporaryDirectory(t), persons);
    tamper(options, (db) => {
      db.exec(`UPDATE person SET name = zeroblob(length(name)) WHERE id = 'p-0000';
               UPDATE template SET vector = zeroblob(length(vector)) WHERE id = 't-p-0001-0';
               UPDATE photograph SET jpeg = zeroblob(5) WHERE id = 'f-p-0002-1';
               UPDATE photograph SET jpeg = (SELECT jpeg FROM photograph WHERE id = 'f-p-0004-0') WHERE id = 'f-p-0003-0';`);
    });
    await using opened = await openTestGallery(options);
    const { gallery, file } = opened;
    const [entry] = file.audit.list({ action: 'gallery.migrated' });
    assert.deepEqual(entry?.details, { version: 2, persons: 6, lost: 4 });
    const counts = (await gallery.listPersons()).map(({ profile, templateCount, photographCount }) => [
      profile?.name,
      templateCount,
      photographCount,
    ]);
    assert.deepEqual(counts, [
      ['p-0000', 2, 2],
      ['Müller 1', 1, 2],
      ['Müller 2', 2, 1],
      ['Müller 3', 2, 1],
      ['Müller 4', 2, 2],
      ['Müller 5', 2, 2],
    ]);
    const copy = new Sqlite(copyOf(options), { readonly: true });
    assert.equal(copy.prepare('SELECT count(*) FROM photograph').pluck().get(), 12, 'the copy has all rows');
    copy.close();
  });

  test('whose own row was altered is damaged, and nothing is thrown away', async (t) => {
    for (const damage of [
      'UPDATE gallery SET key_check = zeroblob(32)',
      'UPDATE gallery SET seal = zeroblob(60)',
      "UPDATE gallery SET recogniser = 'another-2'",
      'DELETE FROM gallery',
    ]) {
      const options = write(temporaryDirectory(t), personsOf(2));
      tamper(options, (db) => db.exec(damage));
      await assert.rejects(
        openTestGallery(options),
        (error) => isRollcallError(error, 'gallery-damaged'),
        damage,
      );
      const left = tamper(options, (db) => db.prepare('SELECT count(*) FROM first_person').pluck().get());
      assert.equal(left, 2, damage);
    }
  });

  test('of another recogniser is refused by both names, and opens with its own', async (t) => {
    const persons = personsOf(2);
    const options = write(temporaryDirectory(t), persons);
    await assert.rejects(openTestGallery({ ...options, recogniser: recogniserId('other-2') }), (error) => {
      assert.ok(isRollcallError(error, 'recogniser-mismatch'));
      assert.match(error.message, /test-recogniser-1.*other-2/);
      return true;
    });
    {
      await using file = await openGalleryFile(options);
      assert.deepEqual(galleryRecogniser(file.database), { made: options.recogniser });
    }
    await using opened = await openTestGallery(options);
    await assertAllThere(opened.gallery, persons);
  });
});

test('a file of a newer release is refused with both versions named', async (t) => {
  const options = write(temporaryDirectory(t), personsOf(1));
  tamper(options, (db) => db.pragma('user_version = 99'));
  const before = readFileSync(options.path);
  await assert.rejects(openGalleryFile(options), (error) => {
    assert.ok(isRollcallError(error, 'database-newer'));
    assert.match(error.message, /version 99.*versions up to \d+/);
    return true;
  });
  assert.ok(before.equals(readFileSync(options.path)), 'it is not touched');
});

test('killed during the conversion at any point: it opens again and nobody is lost', async (t) => {
  const persons = personsOf(40, 60_000);
  const pristine = temporaryDirectory(t);
  write(pristine, persons);
  const directory = temporaryDirectory(t);
  const options = galleryOptions(directory);
  const random = seededRandom(3);
  /** Bytes that the migration has written so far. */
  const written = (): number =>
    [`${copyOf(options)}.part`, copyOf(options), `${options.path}-wal`].reduce(
      (sum, path) => sum + (statSync(path, { throwIfNoEntry: false })?.size ?? 0),
      0,
    );
  let interrupted = 0;
  for (let round = 0; round < 12; round += 1) {
    rmSync(directory, { recursive: true });
    cpSync(pristine, directory, { recursive: true });
    const goal = Math.floor(random.unit() * 11e6);
    const child = startGalleryChild(t, directory, 'hold');
    await child.printed(1);
    while (written() < goal && child.lines.length < 2) await nextTurn();
    await child.kill();
    if (child.lines.length < 2) interrupted += 1;
    await using opened = await openTestGallery(options);
    await assertAllThere(opened.gallery, persons);
    assert.equal(opened.file.audit.count({ action: 'gallery.migrated' }), 1);
    assert.equal(opened.file.audit.verify().outcome, 'whole');
    assert.equal(existsSync(copyOf(options)), true);
    assert.equal(existsSync(`${copyOf(options)}.part`), false);
  }
  assert.ok(interrupted > 6, `${interrupted} of 12 kills came before the gallery was open`);
  t.diagnostic(`${interrupted} of 12 kills came before the gallery was open`);
});

test('with a disk that is full it says so, and opens once there is room', (t) => fullDisk(t));

async function fullDisk(t: TestContext): Promise<void> {
  const mounted = mountSmallDisk(12);
  if ('skip' in mounted) {
    t.skip(mounted.skip);
    return;
  }
  using disk = mounted;
  const persons = personsOf(20, 50_000);
  const directory = join(disk.path, 'gallery');
  const options = galleryOptions(directory);
  const pristine = temporaryDirectory(t);
  write(pristine, persons);
  const ballast = join(disk.path, 'ballast-of-the-test');
  let refused = 0;
  for (const room of [0, 0.2, 1, 1.9, 2.2, 3, 3.8, 7].map((mebibytes) => Math.floor(mebibytes * 2 ** 20))) {
    rmSync(directory, { recursive: true, force: true });
    cpSync(pristine, directory, { recursive: true });
    const taken = statSync(options.path).size;
    writeFileSync(ballast, new Uint8Array(Math.max(0, 12 * 2 ** 20 - taken - room - 64 * 1024)));
    try {
      await using opened = await openTestGallery(options);
      await assertAllThere(opened.gallery, persons);
    } catch (error) {
      assert.ok(isRollcallError(error), String(error));
      assert.ok(['disk-full', 'disk-failed'].includes(error.code), `${error.code} with room for ${room}`);
      assert.ok(error.remedy);
      refused += 1;
    }
    rmSync(ballast);
    await using opened = await openTestGallery(options);
    await assertAllThere(opened.gallery, persons);
  }
  assert.ok(refused >= 4, `${refused} openings met a full disk`);
  t.diagnostic(`${refused} of 8 openings met a full disk`);
}
