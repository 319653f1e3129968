import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, type TestContext, test } from 'node:test';
import Sqlite from 'better-sqlite3';
import { isRollcallError } from '../../daemon/base/errors.js';
import { type Logger, silentLogger } from '../../daemon/base/logger.js';
import type { PersonId } from '../../daemon/domain/ids.js';
import type { PersonProfile } from '../../daemon/domain/person-profile.js';
import type { Gallery } from '../../daemon/gallery/gallery.js';
import {
  enrolmentOf,
  enrolmentPhotograph,
  galleryOptions,
  noiseJpeg,
  openTestGallery,
  type TestGalleryOptions,
  temporaryDirectory,
  tester,
  unitVector,
} from '../support/gallery-fixture.js';
import { filesIn, piecesIn, tamper } from '../support/gallery-tampering.js';

const profile: PersonProfile = {
  name: 'Wilhelmina Featherstonehaugh',
  externalId: 'payroll-7731-zyx',
  notes: 'prefers the side entrance, walks with a cane',
  consent: { basis: 'consent', dateIso: '2026-01-02', reference: 'cabinet 12 folder 9' },
};

/** Everything about the person whom `enrolWilhelmina` enrols, as bytes. */
const plaintexts: readonly Uint8Array[] = [
  ...[profile.name, profile.externalId ?? '', profile.notes ?? '', profile.consent?.reference ?? ''].flatMap(
    (text) => [Buffer.from(text, 'utf8'), Buffer.from(text, 'utf16le')],
  ),
  noiseJpeg(1, 30_000),
  noiseJpeg(2, 30_000),
  noiseJpeg(4, 9000),
  ...[1, 2].map((seed) => Buffer.from(unitVector(seed).slice().buffer)),
];

function enrolWilhelmina(gallery: Gallery): Promise<PersonId> {
  const photographs = [1, 2].map((seed) => ({ ...enrolmentPhotograph(seed), jpeg: noiseJpeg(seed, 30_000) }));
  return gallery.addPerson({ profile, photographs }, tester);
}

/** What is sealed of the person, and their wrapped data key, as it lies in the rows. */
function ciphertextsOf({ path }: { readonly path: string }, id: PersonId): readonly Buffer[] {
  const db = new Sqlite(path, { readonly: true });
  try {
    return [
      'SELECT profile FROM person WHERE id = ?',
      'SELECT vector FROM template WHERE person_id = ?',
      'SELECT jpeg FROM photograph WHERE person_id = ?',
      'SELECT jpeg FROM evidence WHERE person_id = ?',
      'SELECT wrapped FROM data_key WHERE id = (SELECT data_key_id FROM person WHERE id = ?)',
    ].flatMap((sql) => db.prepare<[string], Buffer>(sql).pluck().all(id));
  } finally {
    db.close();
  }
}

/** Fails where any piece of any of them lies in a file of the directory. */
function assertGone(t: TestContext, directory: string, secrets: readonly Uint8Array[]): void {
  const files = filesIn(t, directory);
  for (const [index, secret] of secrets.entries())
    assert.equal(piecesIn(files, secret), 0, `secret ${index}`);
}

/** Fails where one of them is not found: then the scan would prove nothing. */
function assertThere(t: TestContext, directory: string, secrets: readonly Uint8Array[]): void {
  const files = filesIn(t, directory);
  for (const [index, secret] of secrets.entries()) assert.ok(piecesIn(files, secret) > 0, `secret ${index}`);
}

async function prepared(t: TestContext): Promise<{
  readonly directory: string;
  readonly options: TestGalleryOptions;
}> {
  const directory = temporaryDirectory(t);
  return { directory, options: galleryOptions(directory) };
}

/** Two persons, each with a picture kept from an event; Wilhelmina's has the seed 4. */
async function fill(gallery: Gallery): Promise<{ readonly leaver: PersonId; readonly stayer: PersonId }> {
  const leaver = await enrolWilhelmina(gallery);
  const stayer = await gallery.addPerson(enrolmentOf('Stays', [3]), tester);
  const picture = { kind: 'attendance', cameraId: 'gate', takenAtMs: 1_700_000_000_000 } as const;
  for (const [seed, personId] of [
    [4, leaver],
    [5, stayer],
  ] as const) {
    assert.ok(
      gallery.addEvidence({ ...picture, eventId: `event-${seed}`, personId, jpeg: noiseJpeg(seed, 9000) }),
    );
  }
  assert.ok(
    gallery.addEvidence({ ...picture, kind: 'unknown', eventId: 'event-6', jpeg: noiseJpeg(6, 9000) }),
  );
  return { leaver, stayer };
}

describe('an erasure', () => {
  test('leaves neither a plaintext nor a ciphertext in any file, while the gallery is open and afterwards', async (t) => {
    const { directory, options } = await prepared(t);
    let sealed: readonly Buffer[];
    let ids: { readonly leaver: PersonId; readonly stayer: PersonId };
    {
      await using opened = await openTestGallery(options);
      const { gallery } = opened;
      ids = await fill(gallery);
      gallery.changeProfile(ids.leaver, { ...profile, notes: `${profile.notes}, mornings` }, tester);
      sealed = ciphertextsOf(options, ids.leaver);
      assert.equal(sealed.length, 7);
      assertThere(t, directory, sealed);
      assertGone(t, directory, plaintexts);

      assert.ok(gallery.erasePerson(ids.leaver, tester));
      assertGone(t, directory, [...sealed, ...plaintexts]);
      const stayers = ciphertextsOf(options, ids.stayer);
      assertThere(t, directory, stayers);
    }
    assertGone(t, directory, [...sealed, ...plaintexts]);
    await using again = await openTestGallery(options);
    assert.deepEqual([again.gallery.personCount, again.gallery.showPerson(ids.leaver)], [1, undefined]);
    const [kept] = again.gallery.readEvidence(ids.stayer);
    assert.ok(kept && Buffer.from(noiseJpeg(5, 9000)).equals(kept.jpeg));
    assert.equal(
      again.gallery.addEvidence({ ...kept, personId: ids.leaver }),
      false,
      'nothing is kept of who is gone',
    );
    assertGone(t, directory, [...sealed, ...plaintexts]);
  });

  test('leaves nothing where the process puts temporary files', async (t) => {
    const place = temporaryDirectory(t);
    const { options } = await prepared(t);
    const before = process.env['TMPDIR'];
    process.env['TMPDIR'] = place;
    try {
      assert.equal(tmpdir(), place);
      await using opened = await openTestGallery(options);
      const { leaver } = await fill(opened.gallery);
      opened.gallery.erasePerson(leaver, tester);
      await opened.gallery.listPersons();
      assert.deepEqual(readdirSync(place), []);
    } finally {
      if (before === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = before;
    }
    assert.deepEqual(readdirSync(place), []);
  });

  test('takes a copy with it that a migration left beside the file', async (t) => {
    const { directory, options } = await prepared(t);
    await using opened = await openTestGallery(options);
    const { leaver } = await fill(opened.gallery);
    const sealed = ciphertextsOf(options, leaver);
    const copies = ['1', '1.part'].map((end) => `${options.path}.before-migration-${end}`);
    for (const copy of copies) writeFileSync(copy, Buffer.concat(sealed));
    opened.gallery.erasePerson(leaver, tester);
    assert.deepEqual(copies.map(existsSync), [false, false]);
    assertGone(t, directory, sealed);
  });

  test('gives a certificate that names its audit entry, and no personal data', async (t) => {
    const { options } = await prepared(t);
    await using opened = await openTestGallery(options);
    const { gallery, file } = opened;
    const { leaver } = await fill(gallery);
    const certificate = gallery.erasePerson(leaver, tester);
    const [entry] = file.audit.list({ action: 'person.erased', subject: leaver });
    assert.ok(entry);
    assert.deepEqual(certificate, {
      personId: leaver,
      scope: 'person',
      erasedAtMs: options.clock.wallMs(),
      by: tester,
      auditSequence: entry.sequence,
      auditHash: entry.hash,
      what: { templates: 2, photographs: 2, evidence: 1 },
    });
    assert.equal(file.audit.verify().outcome, 'whole');
    const text = JSON.stringify([certificate, entry]);
    for (const secret of [profile.name, profile.externalId ?? '', profile.notes ?? '']) {
      assert.equal(text.includes(secret), false);
    }
    assert.equal(gallery.erasePerson(leaver, tester), undefined, 'once is enough');
  });

  test('takes effect in the search at once, also for a search that runs', async (t) => {
    const { options } = await prepared(t);
    await using opened = await openTestGallery(options);
    const { gallery } = opened;
    const { leaver, stayer } = await fill(gallery);
    const running = gallery.nearest(unitVector(1), { count: 5 });
    gallery.erasePerson(leaver, tester);
    const found = (await running).map(({ personId: id }) => id);
    assert.deepEqual(found, [stayer]);
  });

  test('of somebody removed is as thorough', async (t) => {
    const { directory, options } = await prepared(t);
    await using opened = await openTestGallery(options);
    const { leaver } = await fill(opened.gallery);
    const sealed = ciphertextsOf(options, leaver);
    opened.gallery.removePerson(leaver, tester);
    opened.gallery.erasePerson(leaver, tester);
    assertGone(t, directory, [...sealed, ...plaintexts]);
  });
});

describe('an erasure that another reader holds up', () => {
  test('says so; the person is gone from the gallery at once and from the files once it is closed', async (t) => {
    const { directory, options } = await prepared(t);
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

  test('is finished by the next opening where the log outlived the closing', async (t) => {
    const { directory, options } = await prepared(t);
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

  test('at an opening, of somebody who came back, does not keep the gallery shut', async (t) => {
    const { directory, options } = await prepared(t);
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
      assert.deepEqual(warnings, ['another program keeps the write-ahead log from being emptied']);
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

describe('the erasure of biometric data', () => {
  const withdrawn: PersonProfile = {
    name: profile.name,
    consent: { basis: 'consent', dateIso: '2026-01-02', reference: 'folder 9', withdrawnIso: '2026-02-03' },
  };

  test('leaves the profile under a new data key, and nothing to recognise anybody by', async (t) => {
    const { directory, options } = await prepared(t);
    let sealed: readonly Buffer[];
    let leaver: PersonId;
    {
      await using opened = await openTestGallery(options);
      const { gallery, file } = opened;
      ({ leaver } = await fill(gallery));
      sealed = ciphertextsOf(options, leaver);
      const certificate = gallery.eraseBiometricData(leaver, withdrawn, tester);
      const [entry] = file.audit.list({ action: 'person.consent-withdrawn', subject: leaver });
      assert.deepEqual(
        [certificate?.scope, certificate?.what, certificate?.auditHash],
        ['biometric-data', { templates: 2, photographs: 2, evidence: 1 }, entry?.hash],
      );
      assertGone(t, directory, [...sealed, ...plaintexts]);
      const found = await gallery.nearest(unitVector(1), { count: 1 });
      assert.ok((found[0]?.similarity ?? 0) < 0.5);
    }
    await using opened = await openTestGallery(options);
    const { gallery, file } = opened;
    const shown = gallery.showPerson(leaver);
    assert.deepEqual([shown?.state, shown?.profile], ['removed', withdrawn]);
    assert.deepEqual([shown?.templateCount, shown?.photographCount], [0, 0]);
    assert.deepEqual(gallery.readTemplates(leaver), []);
    assert.deepEqual(gallery.quarantined, []);
    assert.equal(gallery.restorePerson(leaver, tester), true);
    assert.ok(((await gallery.nearest(unitVector(1), { count: 1 }))[0]?.similarity ?? 0) < 0.5);
    assert.equal(file.audit.verify().outcome, 'whole');
    const keys = file.database.db.prepare('SELECT count(*) FROM data_key').pluck().get();
    assert.equal(keys, 3, 'the data key of before is gone; the picture of nobody known has its own');
    assert.deepEqual(gallery.readEvidence(leaver), []);
  });
});
