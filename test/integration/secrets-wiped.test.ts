import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { z } from 'zod';
import { AuditKeyRing } from '../../daemon/core/audit/audit-key-ring.js';
import { openBackup } from '../../daemon/core/backups/open-backup.js';
import { writeBackup } from '../../daemon/core/backups/write-backup.js';
import { openDigestKey, openSealedJson } from '../../daemon/core/commands/sealed-content.js';
import { keyIdOf } from '../../daemon/core/gallery/keys/key-id.js';
import { PassphraseKeyProvider } from '../../daemon/core/gallery/keys/passphrase-key-provider.js';
import { SecretKeyProvider } from '../../daemon/core/gallery/keys/secret-key-provider.js';
import { verifyGallery } from '../../daemon/core/gallery/verify/verify-gallery.js';
import { sealTo } from '../../daemon/host/sealed-box.js';
import { wipe } from '../../daemon/host/sodium.js';
import { systemClock } from '../../daemon/host/system-clock.js';
import { openBackupBox } from '../support/backup-box.js';
import {
  forPassphrase,
  manifest,
  noise,
  recoveryKey,
  source,
  withPassphrase,
  withRecoverySecret,
} from '../support/backup-fixture.js';
import { sealed, sealedJson } from '../support/command-centre.js';
import { attendanceFact } from '../support/facts.js';
import { enrolmentOf, temporaryDirectory, tester, unitVector } from '../support/gallery-fixture.js';
import { dayMs, openIdentityKeys } from '../support/identity-fixture.js';
import { moveOrder, openMoving, untilMove } from '../support/re-embed-fixture.js';
import {
  enrol,
  finished,
  openTestGallery,
  passphraseInput,
  writeSecret,
} from '../support/rotation-fixture.js';
import { watchSecrets } from '../support/secret-memory.js';
import { withSecretPlaces } from '../support/secret-places.js';

/** Each uses secrets in its own way and lets go of all of them. */
const works: Readonly<Record<string, (t: TestContext) => Promise<void>>> = {
  async 'a gallery that was used, rotated and closed'(t) {
    const directory = temporaryDirectory(t);
    writeSecret(directory);
    await using opened = await openTestGallery(directory, { first: 'secret' });
    const { gallery, rotations } = opened;
    const id = await enrol(opened, 1);
    const other = await enrol(opened, 2);
    await gallery.listPersons();
    await gallery.nearest(unitVector(10), { count: 1 });
    gallery.changeProfile(id, { name: 'Another name' }, tester);
    gallery.removePerson(id, tester);
    gallery.restorePerson(id, tester);
    const fact = attendanceFact({ personId: id });
    const taken = { cameraId: fact.cameraId, takenAtMs: 1, jpeg: Uint8Array.of(1) };
    assert.ok(gallery.addEvidence({ kind: 'attendance', eventId: 'e-1', personId: id, ...taken }));
    assert.ok(gallery.addEvidence({ kind: 'unknown', eventId: 'e-2', ...taken }));
    gallery.erasePerson(other, tester);
    gallery.eraseBiometricData(id, { name: 'Another name' }, tester);
    for (const depth of ['wrap', 'deep'] as const) {
      writeSecret(directory, '.next');
      await finished(await rotations.start({ kind: 'secret', depth, input: {}, by: tester }));
    }
  },
  async 'a gallery that a passphrase opens, and one that does not'(t) {
    const directory = temporaryDirectory(t);
    const right = { input: passphraseInput('the right passphrase') };
    {
      await using opened = await openTestGallery(directory, { ...right, first: 'passphrase' });
      await enrol(opened, 1);
    }
    await assert.rejects(openTestGallery(directory, { input: passphraseInput('another passphrase') }));
    await using again = await openTestGallery(directory, right);
    assert.equal(again.gallery.personCount, 1);
  },
  async 'secrets that are keys of the gallery, other keys, or no keys'(t) {
    const directory = temporaryDirectory(t);
    const places = { secretsDirectory: directory, credentialsDirectory: '' };
    const provider = () => new SecretKeyProvider('gallery-key', places);
    writeSecret(directory);
    await assert.rejects(provider().create('rotation'), { code: 'key-next-missing' });
    writeSecret(directory, '.next');
    const [{ kek: first }, { kek: next }] = [
      await provider().create('first'),
      await provider().create('rotation'),
    ];
    assert.equal((await provider().inspect()).isUsable, true);
    assert.equal((await provider().recover('0123456789abcdef')).outcome, 'refused');
    await provider().settle(keyIdOf(first));
    await provider().settle('0123456789abcdef');
    const settled = provider();
    const found = await settled.recover(keyIdOf(next));
    await assert.rejects(settled.create('rotation'), { code: 'key-next-missing' });
    for (const key of [first, next, ...(found.outcome === 'recovered' ? [found.kek] : [])]) wipe(key);
    writeFileSync(join(directory, 'gallery-key'), Buffer.alloc(31, 7));
    await assert.rejects(provider().create('first'), { code: 'key-malformed' });
  },
  async 'a passphrase whose cost is measured'() {
    const provider = new PassphraseKeyProvider({ clock: systemClock, availableBytes: () => 0 });
    const input = passphraseInput('the right passphrase');
    const { kek, parameters } = await provider.create('first', input);
    const found = await provider.recover(keyIdOf(kek), parameters, input);
    for (const key of [kek, ...(found.outcome === 'recovered' ? [found.kek] : [])]) wipe(key);
  },
  async 'a gallery that was looked through, and moved to another recogniser'(t) {
    await using opened = await openMoving(temporaryDirectory(t));
    const { file, gallery, ring, moves } = opened;
    const enrolment = enrolmentOf('Ada', [1, 2]);
    const profile = { ...enrolment.profile, externalId: 'E-1' };
    const id = await gallery.addPerson({ ...enrolment, profile }, tester);
    const importId = await gallery.beginImport();
    await gallery.addPerson(enrolmentOf('Grace', [3]), tester, importId);
    await gallery.commitImport(importId, tester);
    assert.equal(await gallery.personOfExternalId('E-1'), id);
    const about = { cameraId: 'door', takenAtMs: 1, jpeg: Uint8Array.of(1) };
    gallery.addEvidence({ ...about, kind: 'attendance', eventId: 'e-1', personId: id });
    const [photograph] = gallery.showPerson(id)?.photographs ?? [];
    assert.ok(photograph);
    gallery.readPhotograph(id, photograph.id)?.fill(0);
    for (const { bytes } of gallery.readTemplates(id)) bytes.fill(0);
    for (const { jpeg } of gallery.readEvidence(id)) jpeg.fill(0);
    gallery.evidenceOfEvent('attendance', 'e-1', 1)?.fill(0);
    const { signal } = new AbortController();
    const thresholds = new Map([[gallery.recogniser, 0.5]]);
    await verifyGallery({ file, gallery, ring, clock: systemClock, by: tester, thresholds, signal });
    await moves.start(moveOrder);
    await untilMove(opened, 'ready');
  },
  async 'a backup and what was restored from it'(t) {
    const directory = temporaryDirectory(t);
    const path = join(directory, 'box.rcb');
    const input = { path, secret: { recoverySecret: Uint8Array.from(recoveryKey.secretKey) } };
    await using box = await openBackupBox(join(directory, 'box'));
    await box.vault.gallery().addPerson(enrolmentOf('Ada', [1]), tester);
    await box.backups.create({ path }, tester);
    await box.backups.restore(input, tester);
    // Another box has another audit key, and keeps the former one.
    await using other = await openBackupBox(join(directory, 'other'));
    await other.backups.restore(input, tester);
  },
  async 'a backup that a passphrase opens'(t) {
    const path = join(temporaryDirectory(t), 'a.rcb');
    const sections = [source('all', noise(1, 1000))];
    await writeBackup({ target: path, recipients: [forPassphrase], manifest, sections });
    await (await openBackup(path, withPassphrase))[Symbol.asyncDispose]();
    await assert.rejects(openBackup(path, { passphrase: Buffer.from('not the passphrase') }));
    await assert.rejects(openBackup(path, withRecoverySecret));
  },
  'the identity of a box, what is sealed to it, its rotations, and its former keys': () =>
    withSecretPlaces(async (places) => {
      {
        using keys = await openIdentityKeys(places);
        await keys.announced();
        const sealing = Buffer.from(keys.state.current.sealing, 'base64url');
        await keys.rotate(dayMs);
        await keys.settle();
        await keys.announced();
        await keys.sign('{"a":1}');
        keys.open(sealTo(sealing, Buffer.from('a photograph')) ?? Buffer.of())?.fill(0);
        const schema = z.object({ name: z.string() });
        assert.equal(openSealedJson(sealedJson(sealing, { name: 'Ada' }), keys, schema).name, 'Ada');
        assert.throws(() => openSealedJson(sealedJson(sealing, {}), keys, schema));
        openDigestKey(sealed(sealing, new Uint8Array(32).fill(1)), keys).fill(0);
        assert.throws(() => openDigestKey(sealed(sealing, new Uint8Array(31).fill(1)), keys));
      }
      using again = await openIdentityKeys(places, 1);
      await again.rotate(dayMs);
      await again.announced();
      await again.forgetFormer(() => true);
    }),
  'the key of the audit log, and keys of earlier times': () =>
    withSecretPlaces(async (places) => {
      {
        using ring = await AuditKeyRing.open(places);
        await ring.adopt([new Uint8Array(32).fill(3)]);
      }
      using again = await AuditKeyRing.open(places);
      assert.equal(again.former.length, 1);
    }),
};

describe('no secret stays in memory of', () => {
  for (const [name, work] of Object.entries(works)) {
    test(name, async (t) => {
      using watch = await watchSecrets();
      await work(t);
      assert.ok(watch.count >= 5, 'it saw them');
      assert.deepEqual(watch.unwiped(), []);
    });
  }
});
