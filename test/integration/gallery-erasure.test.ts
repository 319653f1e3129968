import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { describe, test } from 'node:test';
import type { PersonId } from '../../daemon/kernel/ids.js';
import type { PersonProfile } from '../../daemon/kernel/persons/person-profile.js';
import {
  assertGone,
  assertThere,
  ciphertextsOf,
  fill,
  plaintexts,
  prepared,
  profile,
} from '../support/erasure-scan.js';
import {
  noiseJpeg,
  openTestGallery,
  temporaryDirectory,
  tester,
  unitVector,
} from '../support/gallery-fixture.js';

describe('an erasure', () => {
  test('leaves neither a plaintext nor a ciphertext in any file, while the gallery is open and afterwards', async (t) => {
    const { directory, options } = prepared(t);
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

  test('leaves nothing in the directory for temporary files', async (t) => {
    const place = temporaryDirectory(t);
    const { options } = prepared(t);
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

  test('also deletes a copy that a migration left beside the file', async (t) => {
    const { directory, options } = prepared(t);
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
    const { options } = prepared(t);
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
      what: { templates: 2, photographs: 2, evidence: 1, passages: 0 },
    });
    assert.equal(file.audit.verify().outcome, 'whole');
    const text = JSON.stringify([certificate, entry]);
    for (const secret of [profile.name, profile.externalId ?? '', profile.notes ?? '']) {
      assert.equal(text.includes(secret), false);
    }
    assert.equal(gallery.erasePerson(leaver, tester), undefined, 'once is enough');
  });

  test('takes effect in the search at once, also for a search that runs', async (t) => {
    const { options } = prepared(t);
    await using opened = await openTestGallery(options);
    const { gallery } = opened;
    const { leaver, stayer } = await fill(gallery);
    const running = gallery.nearest(unitVector(1), { count: 5 });
    gallery.erasePerson(leaver, tester);
    const found = (await running).map(({ personId: id }) => id);
    assert.deepEqual(found, [stayer]);
  });

  test('erases a removed person as thoroughly', async (t) => {
    const { directory, options } = prepared(t);
    await using opened = await openTestGallery(options);
    const { leaver } = await fill(opened.gallery);
    const sealed = ciphertextsOf(options, leaver);
    opened.gallery.removePerson(leaver, tester);
    opened.gallery.erasePerson(leaver, tester);
    assertGone(t, directory, [...sealed, ...plaintexts]);
  });
});

describe('the erasure of biometric data', () => {
  const withdrawn: PersonProfile = {
    name: profile.name,
    consent: { basis: 'consent', dateIso: '2026-01-02', reference: 'folder 9', withdrawnIso: '2026-02-03' },
  };

  test('keeps the profile under a new data key, and no data that can recognise the person', async (t) => {
    const { directory, options } = prepared(t);
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
        ['biometric-data', { templates: 2, photographs: 2, evidence: 1, passages: 0 }, entry?.hash],
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
    assert.equal(keys, 3, 'the earlier data key is gone; the picture of a stranger has its own key');
    assert.deepEqual([...gallery.readEvidence(leaver)], []);
  });
});
