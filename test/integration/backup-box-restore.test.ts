import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { PersonId } from '../../daemon/kernel/ids.js';
import { actionsOf, backedUpBox, codeOf, enrol, filesOf, secret } from '../support/backed-up-box.js';
import { openBackupBox } from '../support/backup-box.js';
import { passphrase } from '../support/backup-fixture.js';
import {
  enrolmentPhotograph,
  namesIn,
  temporaryDirectory,
  tester,
  unitVector,
} from '../support/gallery-fixture.js';
import { passageIdOf } from '../support/passage-fixture.js';

describe('a restore', () => {
  test('into an existing box restores the persons, and keeps the log and the erasures of the box', async (t) => {
    const { directory, path, ids } = await backedUpBox(t);
    await using box = await openBackupBox(directory);
    const [, grace] = ids;
    assert.ok(grace && box.vault.gallery().erasePerson(grace, tester));
    const [mallory] = await enrol(box, 'Mallory');
    const before = box.vault.audit.list({ limit: 1000 });
    const answer = await box.backups.restore({ path, secret }, tester);
    assert.deepEqual(await namesIn(box.vault.gallery()), ['Ada']);
    assert.deepEqual(
      [answer.persons, answer.erasedAgain, answer.log, answer.sealed],
      [1, 1, 'box', undefined],
    );
    assert.deepEqual(box.forgotten, [mallory]);
    assert.deepEqual(box.notReviewed, [mallory]);
    const after = box.vault.audit.list({ limit: 1000 });
    assert.deepEqual(after.slice(0, before.length), before);
    assert.equal(box.vault.audit.verify().outcome, 'whole');
    const [entry] = box.vault.audit.list({ action: 'backup.restored' });
    assert.equal(entry?.details['sha256'], answer.backup.sha256);
    assert.deepEqual(filesOf(box), ['gallery.db', 'gallery.db.lock']);
    const [found] = await box.vault.gallery().nearest(unitVector(300), { count: 1 });
    assert.ok(found && found.similarity > 0.999, 'a restored person is recognised at once');
  });

  test('does not activate a person who withdrew consent after the backup, and keeps name and proof', async (t) => {
    const directory = temporaryDirectory(t);
    const path = join(temporaryDirectory(t), 'night.rcb');
    await using box = await openBackupBox(directory);
    const gallery = box.vault.gallery();
    const [ada, bea] = await enrol(box, 'Ada', 'Beatrix', 'Grace');
    const withdraw = (id: PersonId | undefined, name: string): unknown =>
      id && gallery.eraseBiometricData(id, { name }, tester);
    assert.ok(withdraw(ada, 'Ada'));
    await box.backups.create({ path, passphrase }, tester);
    assert.ok(withdraw(bea, 'Beatrix'));
    await box.backups.restore({ path, secret }, tester);
    const restored = bea === undefined ? undefined : box.vault.gallery().showPerson(bea);
    assert.equal(restored?.state, 'removed');
    assert.ok(restored?.profile?.consent?.withdrawnIso, 'name and proof of the withdrawal stay');
    const { db } = box.vault.file.database;
    assert.equal(db.prepare('SELECT count(*) FROM template').pluck().get(), 1, 'only Grace has a template');
    assert.equal(box.vault.audit.verify().outcome, 'whole');
  });

  test('keeps a person removed who was removed after the backup, unless the person was restored since', async (t) => {
    const path = join(temporaryDirectory(t), 'night.rcb');
    await using box = await openBackupBox(temporaryDirectory(t));
    const [ada, bea, grace] = await enrol(box, 'Ada', 'Beatrix', 'Grace');
    if (ada === undefined || bea === undefined || grace === undefined)
      throw new Error('the persons were not enrolled');
    await box.backups.create({ path, passphrase }, tester);
    const before = box.vault.gallery();
    assert.ok(before.removePerson(ada, tester));
    assert.ok(before.removePerson(bea, tester) && before.restorePerson(bea, tester));
    await box.backups.restore({ path, secret }, tester);
    const states = () => [ada, bea, grace].map((id) => box.vault.gallery().showPerson(id)?.state);
    assert.deepEqual(states(), ['removed', 'active', 'active']);
    assert.equal(box.vault.gallery().personCount, 2);
    assert.ok(box.vault.gallery().restorePerson(ada, tester), 'the removed person can be restored later');
    await box.backups.restore({ path, secret }, tester);
    assert.deepEqual(states(), ['active', 'active', 'active']);
    assert.deepEqual(box.vault.gallery().quarantined, []);
    assert.equal(box.vault.audit.verify().outcome, 'whole');
  });

  test('brings back a photograph from a passage, and says which passage it is from', async (t) => {
    const path = join(temporaryDirectory(t), 'night.rcb');
    await using box = await openBackupBox(temporaryDirectory(t));
    const [ada] = await enrol(box, 'Ada');
    assert.ok(ada !== undefined);
    const origin = { passage: passageIdOf(1), camera: 'gate', seenAtMs: 1_772_434_801_800 };
    const added = [enrolmentPhotograph(77)];
    assert.ok(box.vault.gallery().changeViews(ada, { added, removed: [], origin }, tester));
    const shown = () => {
      const { templates, profile } = box.vault.gallery().showPerson(ada) ?? {};
      return { templates: templates?.length, origins: Object.values(profile?.origins ?? {}) };
    };
    assert.deepEqual(shown(), { templates: 2, origins: [origin] });
    await box.backups.create({ path, passphrase }, tester);
    const [photograph = ''] = Object.keys(box.vault.gallery().showPerson(ada)?.profile?.origins ?? {});
    assert.ok(box.vault.gallery().changeViews(ada, { added: [], removed: [photograph] }, tester));
    assert.deepEqual(shown(), { templates: 1, origins: [] });
    await box.backups.restore({ path, secret }, tester);
    assert.deepEqual(shown(), { templates: 2, origins: [origin] });
    const [found] = await box.vault.gallery().nearest(unitVector(77), { count: 1 });
    assert.ok(found?.personId === ada && found.similarity > 0.999, 'the person is recognised by it again');
  });

  test('keeps an erased person erased, in the file too and after the next start', async (t) => {
    const { directory, path, ids } = await backedUpBox(t);
    {
      await using box = await openBackupBox(directory);
      const [ada] = ids;
      assert.ok(ada && box.vault.gallery().erasePerson(ada, tester));
      await box.backups.restore({ path, secret }, tester);
    }
    await using box = await openBackupBox(directory);
    assert.deepEqual(await namesIn(box.vault.gallery()), ['Grace']);
    const db = box.vault.file.database.db;
    const rows = db
      .prepare('SELECT (SELECT count(*) FROM photograph), (SELECT count(*) FROM data_key)')
      .raw()
      .get();
    assert.deepEqual(rows, [1, 1]);
  });

  test('onto other hardware with another key needs only the secret of the backup, and continues the log of the backup', async (t) => {
    const { path } = await backedUpBox(t);
    await using box = await openBackupBox(temporaryDirectory(t), { keyFill: 99 });
    const answer = await box.backups.restore({ path, secret: { passphrase } }, tester);
    assert.deepEqual(await namesIn(box.vault.gallery()), ['Ada', 'Grace']);
    assert.equal(answer.log, 'backup');
    assert.equal(box.vault.audit.verify().outcome, 'whole');
    assert.equal(actionsOf(box).filter((action) => action === 'person.enrolled').length, 2);
    assert.equal(await codeOf(box.backups.create({ path: `${path}.again` }, tester)), 'done');
  });

  test('into a box without a gallery key makes a key with the requested provider', async (t) => {
    const { path } = await backedUpBox(t);
    const directory = temporaryDirectory(t);
    const keyPassphrase = Buffer.from('seven words in an order hard to guess');
    {
      await using box = await openBackupBox(directory, { keyFill: null });
      assert.equal(box.vault.sealed?.code, 'key-not-initialised');
      assert.equal(await codeOf(box.backups.restore({ path, secret }, tester)), 'key-missing');
      await box.backups.restore({ path, secret, provider: 'passphrase', keyPassphrase }, tester);
      assert.deepEqual(await namesIn(box.vault.gallery()), ['Ada', 'Grace']);
    }
    await using box = await openBackupBox(directory, { keyFill: null });
    assert.equal(box.vault.sealed?.code, 'passphrase-needed');
    assert.equal(await box.vault.unlock({ passphrase: keyPassphrase }, tester), undefined);
    assert.deepEqual(await namesIn(box.vault.gallery()), ['Ada', 'Grace']);
    // The passphrase is not needed again: the daemon keeps the key while it replaces the file.
    await box.backups.restore({ path, secret }, tester);
    assert.deepEqual(await namesIn(box.vault.gallery()), ['Ada', 'Grace']);
  });

  test('replaces a gallery whose key is lost', async (t) => {
    const { directory, path } = await backedUpBox(t);
    writeFileSync(join(directory, 'secrets', 'gallery-key'), new Uint8Array(32).fill(50));
    await using box = await openBackupBox(directory);
    assert.equal(box.vault.sealed?.code, 'wrong-key');
    await box.backups.restore({ path, secret }, tester);
    assert.deepEqual(await namesIn(box.vault.gallery()), ['Ada', 'Grace']);
    assert.equal(box.vault.audit.verify().outcome, 'whole');
  });

  test('replaces a damaged file and keeps the damaged one aside; the box runs meanwhile', async (t) => {
    const { directory, path } = await backedUpBox(t);
    const file = join(directory, 'data', 'gallery.db');
    const bytes = readFileSync(file);
    bytes.fill(0x55, 2 * 4096, 20 * 4096);
    writeFileSync(file, bytes);
    await using box = await openBackupBox(directory);
    assert.equal(box.vault.sealed?.code, 'gallery-damaged');
    assert.equal(await codeOf(box.backups.create({ path: `${path}.2` }, tester)), 'gallery-sealed');
    const answer = await box.backups.restore({ path, secret }, tester);
    assert.deepEqual(await namesIn(box.vault.gallery()), ['Ada', 'Grace']);
    assert.ok(answer.damagedFile !== undefined && existsSync(answer.damagedFile));
    assert.deepEqual(readFileSync(answer.damagedFile), bytes);
    const [someone] = await box.vault.gallery().listPersons();
    assert.ok(someone !== undefined && box.vault.gallery().erasePerson(someone.id, tester));
    assert.deepEqual(
      readdirSync(join(directory, 'data')).filter((name) => name.includes('damaged')),
      [],
      'an erasure deletes the damaged file, too',
    );
    assert.notEqual(box.vault.audit.verify().outcome, 'broken');
    const held = box.vault.audit.list({ limit: 1000 }).filter(({ details }) => 'heldFrom' in details);
    assert.ok(held.length > 0, 'entries that waited while the file was damaged are in the log');
  });

  test('replaces a file whose beginning is destroyed, with the log of the backup', async (t) => {
    const { directory, path } = await backedUpBox(t);
    writeFileSync(join(directory, 'data', 'gallery.db'), Buffer.alloc(8192, 1));
    await using box = await openBackupBox(directory);
    const answer = await box.backups.restore({ path, secret }, tester);
    assert.deepEqual([answer.areErasuresKnown, answer.log], [false, 'backup']);
    assert.deepEqual(await namesIn(box.vault.gallery()), ['Ada', 'Grace']);
  });
});
