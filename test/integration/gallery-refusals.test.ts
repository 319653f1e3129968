import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openGalleryFile } from '../../daemon/core/gallery/gallery-file.js';
import { SecretKeyProvider } from '../../daemon/core/gallery/keys/secret-key-provider.js';
import { unlockGallery } from '../../daemon/core/gallery/unlock-gallery.js';
import { isRollcallError, type RollcallError } from '../../daemon/kernel/errors.js';
import { recogniserId } from '../../daemon/kernel/ids.js';
import {
  enrolmentOf,
  enrolPersons,
  fixedKey,
  galleryOptions,
  noiseJpeg,
  noKey,
  openTestGallery,
  providersOf,
  type TestGalleryOptions,
  temporaryDirectory,
  tester,
  unitVector,
} from '../support/gallery-fixture.js';
import { tamper } from '../support/gallery-tampering.js';

/** Opening must fail, or leave the gallery sealed, with `code`; the path stays usable for the next opening. */
async function refusal(options: TestGalleryOptions, code: string): Promise<RollcallError> {
  let thrown: unknown;
  try {
    await using opened = await openTestGallery(options);
    assert.fail(`opened with ${opened.gallery.personCount} persons`);
  } catch (error) {
    thrown = error;
  }
  assert.ok(isRollcallError(thrown), String(thrown));
  assert.equal(thrown.code, code, thrown.message);
  assert.ok(thrown.remedy, 'says what to do');
  return thrown;
}

async function isFound(options: TestGalleryOptions, seed: number): Promise<boolean> {
  await using opened = await openTestGallery(options);
  const [best] = await opened.gallery.nearest(unitVector(seed), { count: 1 });
  return best !== undefined && best.similarity > 0.99;
}

describe('a gallery stays sealed', () => {
  test('without its key, and opens again once the key is back', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await enrolPersons(options, 3);
    await refusal({ ...options, providers: providersOf(noKey) }, 'key-missing');
    assert.equal(await isFound(options, 3), true);
  });

  test('with another key, and its data is unchanged', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await enrolPersons(options, 3);
    await refusal({ ...options, providers: providersOf(fixedKey(8)) }, 'wrong-key');
    await using opened = await openTestGallery(options);
    assert.deepEqual([opened.gallery.personCount, opened.gallery.quarantined.length], [3, 0]);
  });

  test('while it has no key; its audit log works, and a later key opens it without a restart', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await using file = await openGalleryFile(options);
    const sealed = await unlockGallery({ ...options, file, providers: providersOf(noKey) });
    assert.equal(sealed.outcome === 'sealed' && sealed.code, 'key-not-initialised');
    assert.ok(sealed.outcome === 'sealed' && sealed.remedy.includes('rollcall key init'));
    file.audit.append({ by: tester, action: 'daemon.started' });
    const unlocked = await unlockGallery({ ...options, file });
    assert.ok(unlocked.outcome === 'open');
    await using gallery = unlocked.gallery;
    await gallery.addPerson(enrolmentOf('Ada', [1]), tester);
    const actions = file.audit.list({}).map(({ action }) => action);
    assert.deepEqual(actions, ['daemon.started', 'key.initialised', 'key.unlocked', 'person.enrolled']);
    assert.equal(file.audit.verify().outcome, 'whole');
  });

  test('after it was closed, and opens again from the same file', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await using file = await openGalleryFile(options);
    for (const expected of [0, 1]) {
      const unlocked = await unlockGallery({ ...options, file });
      assert.ok(unlocked.outcome === 'open');
      await using gallery = unlocked.gallery;
      assert.equal(gallery.personCount, expected);
      await gallery.addPerson(enrolmentOf('Ada', [1]), tester);
    }
  });
});

describe('a gallery is refused', () => {
  test('when another recogniser made it, and the message names both', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await enrolPersons(options, 3);
    const error = await refusal(
      { ...options, recogniser: recogniserId('another-recogniser-2') },
      'recogniser-mismatch',
    );
    assert.match(error.message, /test-recogniser-1.*another-recogniser-2/);
    assert.equal(error.kind, 'input');
  });

  test('as damaged, when its recogniser was altered', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await enrolPersons(options, 3);
    tamper(options, (db) => db.exec("UPDATE gallery SET recogniser = 'another-recogniser-2'"));
    await refusal({ ...options, recogniser: recogniserId('another-recogniser-2') }, 'gallery-damaged');
  });

  test('as damaged, not as having a wrong key, when the proof of the key was altered or deleted', async (t) => {
    for (const damage of [
      'UPDATE key_slot SET check_value = zeroblob(32)',
      'UPDATE key_slot SET seal = zeroblob(length(seal))',
      "UPDATE key_slot SET provider = 'cloud'",
      "UPDATE key_slot SET parameters = '{'",
      "UPDATE key_slot SET key_id = '0011223344556677'",
      'DELETE FROM gallery',
      'DELETE FROM key_slot',
      'DELETE FROM key_slot; DELETE FROM gallery',
    ]) {
      const options = galleryOptions(temporaryDirectory(t));
      await enrolPersons(options, 2);
      tamper(options, (db) => db.exec(damage));
      await refusal(options, 'gallery-damaged');
      const left = tamper(options, (db) => db.prepare('SELECT count(*) FROM person').pluck().get());
      assert.equal(left, 2, damage);
    }
  });

  test('when a newer program wrote it', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await enrolPersons(options, 3);
    tamper(options, (db) => db.pragma('user_version = 99'));
    assert.match((await refusal(options, 'database-newer')).message, /version 99.*up to \d/);
  });

  test('when its tables are not those of its version', async (t) => {
    for (const damage of ['DROP TABLE person', 'ALTER TABLE template RENAME COLUMN vector TO wector']) {
      const options = galleryOptions(temporaryDirectory(t));
      await enrolPersons(options, 1);
      tamper(options, (db) => db.exec(damage));
      await refusal(options, 'gallery-damaged');
    }
  });

  test('when the file is cut short, overwritten or something else', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    await enrolPersons(options, 3);
    const whole = readFileSync(options.path);
    truncateSync(options.path, 4096 * 3);
    await refusal(options, 'gallery-damaged');
    const scribbled = Buffer.from(whole);
    scribbled.fill(0xa5, 4096, 4096 * 4);
    writeFileSync(options.path, scribbled);
    await refusal(options, 'gallery-damaged');
    writeFileSync(options.path, noiseJpeg(1, 8192));
    await refusal(options, 'gallery-damaged');
    writeFileSync(options.path, whole);
    assert.equal(await isFound(options, 1), true);
  });

  test('when the lock cannot be taken in its directory', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    mkdirSync(`${options.path}.lock`);
    await refusal(options, 'gallery-unusable');
  });

  test('while the same process has it open, sealed or not, and opens afterwards', async (t) => {
    const options = galleryOptions(temporaryDirectory(t));
    {
      await using file = await openGalleryFile(options);
      await refusal(options, 'gallery-in-use');
      assert.equal(file.audit.verify().outcome, 'whole');
    }
    {
      await using opened = await openTestGallery(options);
      await refusal(options, 'gallery-in-use');
      await opened.gallery.addPerson(enrolmentOf('Ada', [1]), tester);
    }
    assert.equal(await isFound(options, 1), true);
  });
});

describe('the key as a secret file', () => {
  test('opens the gallery; without it the gallery stays sealed; a file that others can read is refused', async (t) => {
    const directory = temporaryDirectory(t);
    const secrets = join(directory, 'secrets');
    const places = { credentialsDirectory: '', secretsDirectory: secrets };
    const provider = () => new SecretKeyProvider('gallery-key', places);
    const options = galleryOptions(directory, { providers: providersOf(provider()) });
    await refusal(options, 'key-not-initialised');
    const path = join(secrets, 'gallery-key');
    mkdirSync(secrets, { mode: 0o700 });
    writeFileSync(path, new Uint8Array(32).fill(4), { mode: 0o600 });
    await enrolPersons(options, 3);
    assert.equal(await isFound({ ...options, providers: providersOf(provider()) }, 2), true);
    chmodSync(path, 0o644);
    await refusal(options, 'credential-exposed');
    chmodSync(path, 0o600);
    writeFileSync(path, new Uint8Array(31).fill(4));
    await refusal(options, 'key-malformed');
    writeFileSync(path, new Uint8Array(32).fill(5));
    await refusal(options, 'wrong-key');
    rmSync(path);
    await refusal(options, 'key-missing');
    writeFileSync(path, new Uint8Array(32).fill(4), { mode: 0o600 });
    assert.equal(await isFound(options, 2), true);
  });
});
