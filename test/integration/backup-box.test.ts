import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { isRollcallError } from '../../daemon/base/errors.js';
import type { PersonId } from '../../daemon/domain/ids.js';
import { recogniserId } from '../../daemon/domain/ids.js';
import { newRecoveryKey } from '../../daemon/gallery/backup/recovery-key.js';
import { type BackupBox, openBackupBox } from '../support/backup-box.js';
import { passphrase, recoveryKey } from '../support/backup-fixture.js';
import {
  enrolmentOf,
  namesIn,
  noiseJpeg,
  temporaryDirectory,
  tester,
  unitVector,
} from '../support/gallery-fixture.js';

const secret = { recoverySecret: recoveryKey.secretKey };
const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
const codeOf = async (work: Promise<unknown>): Promise<string> => {
  try {
    await work;
    return 'done';
  } catch (error) {
    if (isRollcallError(error)) return error.code;
    throw error;
  }
};

async function enrol(box: BackupBox, ...names: readonly string[]) {
  const ids = [];
  for (const [index, name] of names.entries())
    ids.push(await box.access.gallery().addPerson(enrolmentOf(name, [name.length * 100 + index]), tester));
  return ids;
}

/** A box with Ada and Grace and a backup of it, closed. */
async function backedUpBox(t: TestContext) {
  const directory = temporaryDirectory(t);
  const path = join(temporaryDirectory(t), 'night.rcb');
  await using box = await openBackupBox(directory);
  const ids = await enrol(box, 'Ada', 'Grace');
  const answer = await box.backups.create({ path, passphrase }, tester);
  return { directory, path, ids, answer };
}

const actionsOf = (box: BackupBox): readonly string[] =>
  box.access.audit.list({ limit: 1000 }).map(({ action }) => action);

/** What lies beside the gallery. */
const filesOf = ({ galleryPath }: BackupBox): readonly string[] =>
  readdirSync(join(galleryPath, '..')).filter(
    (name) => name.startsWith('gallery.db') && !/-(wal|shm)$/.test(name),
  );

describe('a backup of a running box', () => {
  test('tells what it holds, leaves an entry without its path, and nothing beside the gallery', async (t) => {
    const { directory, path, answer } = await backedUpBox(t);
    assert.equal(answer.sha256, hashOf(path));
    assert.equal(answer.counts['persons'], 2);
    assert.equal(answer.site, 'test-site');
    await using box = await openBackupBox(directory);
    const [entry] = box.access.audit.list({ action: 'backup.created' });
    assert.equal(entry?.details['sha256'], answer.sha256);
    assert.ok(!JSON.stringify(entry).includes('night'));
    assert.deepEqual(filesOf(box), ['gallery.db', 'gallery.db.lock']);
  });

  test('holds no name and no picture in clear, nor any key', async (t) => {
    const { directory, path } = await backedUpBox(t);
    const bytes = readFileSync(path);
    const key = readFileSync(join(directory, 'data', 'keys', 'audit-key'));
    for (const hidden of [
      Buffer.from('Grace'),
      Buffer.from(noiseJpeg(300)).subarray(100, 130),
      key,
      Buffer.alloc(32, 7),
    ])
      assert.equal(bytes.indexOf(hidden), -1);
  });

  test('is made while people are enrolled, recognised and erased', async (t) => {
    const directory = temporaryDirectory(t);
    const path = join(temporaryDirectory(t), 'busy.rcb');
    await using box = await openBackupBox(directory);
    const gallery = box.access.gallery();
    for (let seed = 1; seed <= 60; seed += 1)
      await gallery.addPerson(
        {
          profile: { name: `P${seed}` },
          photographs: [{ jpeg: noiseJpeg(seed, 200_000), embedding: unitVector(seed), quality: 1 }],
        },
        tester,
      );
    const [first] = await gallery.listPersons();
    assert.ok(first);
    let isDone = false;
    const backup = box.backups.create({ path }, tester).finally(() => {
      isDone = true;
    });
    let searches = 0;
    for (let seed = 1000; !isDone; seed += 1) {
      const [found] = await gallery.nearest(unitVector(30), { count: 1 });
      assert.ok(found && found.similarity > 0.99);
      if (seed === 1003) assert.ok(gallery.erasePerson(first.id, tester));
      if (seed % 10 === 0) await gallery.addPerson(enrolmentOf(`Q${seed}`, [seed]), tester);
      searches += 1;
      await new Promise((resolve) => setImmediate(resolve));
    }
    const { counts } = await backup;
    assert.ok(searches > 5, `${searches} searches`);
    await box.backups.restore({ path, secret }, tester);
    const names = await namesIn(box.access.gallery());
    assert.ok(!names.includes('P1') && names.includes('P60'));
    assert.ok(Math.abs(names.length - (counts['persons'] ?? 0)) <= 1);
    assert.equal(box.access.audit.verify().outcome, 'whole');
  });

  test('is refused while the gallery is sealed, for nobody, over a file, and twice at a time', async (t) => {
    const { directory, path } = await backedUpBox(t);
    await using box = await openBackupBox(directory);
    assert.equal(await codeOf(box.backups.create({ path }, tester)), 'backup-exists');
    const [one, two] = [1, 2].map((n) => codeOf(box.backups.create({ path: `${path}.${n}` }, tester)));
    assert.equal(await two, 'backup-busy');
    assert.equal(await one, 'done');
    await using sealed = await openBackupBox(temporaryDirectory(t), { keyFill: null });
    assert.equal(await codeOf(sealed.backups.create({ path: `${path}.3` }, tester)), 'gallery-sealed');
  });
});

describe('a restore', () => {
  test('into an existing box brings back what was, and keeps the box its log and erasures', async (t) => {
    const { directory, path, ids } = await backedUpBox(t);
    await using box = await openBackupBox(directory);
    const [, grace] = ids;
    assert.ok(grace && box.access.gallery().erasePerson(grace, tester));
    const [mallory] = await enrol(box, 'Mallory');
    const before = box.access.audit.list({ limit: 1000 });
    const answer = await box.backups.restore({ path, secret }, tester);
    assert.deepEqual(await namesIn(box.access.gallery()), ['Ada']);
    assert.deepEqual(
      [answer.persons, answer.erasedAgain, answer.log, answer.sealed],
      [1, 1, 'box', undefined],
    );
    assert.deepEqual(box.forgotten, [mallory]);
    const after = box.access.audit.list({ limit: 1000 });
    assert.deepEqual(after.slice(0, before.length), before);
    assert.equal(box.access.audit.verify().outcome, 'whole');
    const [entry] = box.access.audit.list({ action: 'backup.restored' });
    assert.equal(entry?.details['sha256'], answer.backup.sha256);
    assert.deepEqual(filesOf(box), ['gallery.db', 'gallery.db.lock']);
    const [found] = await box.access.gallery().nearest(unitVector(300), { count: 1 });
    assert.ok(found && found.similarity > 0.999, 'who came back is recognised at once');
  });

  test('whose consent was withdrawn since the backup does not come back, whose was before it does', async (t) => {
    const directory = temporaryDirectory(t);
    const path = join(temporaryDirectory(t), 'night.rcb');
    await using box = await openBackupBox(directory);
    const gallery = box.access.gallery();
    const [ada, bea] = await enrol(box, 'Ada', 'Beatrix', 'Grace');
    const withdraw = (id: PersonId | undefined, name: string): unknown =>
      id && gallery.eraseBiometricData(id, { name }, tester);
    assert.ok(withdraw(ada, 'Ada'));
    await box.backups.create({ path, passphrase }, tester);
    assert.ok(withdraw(bea, 'Beatrix'));
    await box.backups.restore({ path, secret }, tester);
    const restored = bea === undefined ? undefined : box.access.gallery().showPerson(bea);
    assert.equal(restored?.state, 'removed');
    assert.ok(restored?.profile?.consent?.withdrawnIso, 'name and proof stay');
    const { db } = box.access.file.database;
    assert.equal(db.prepare('SELECT count(*) FROM template').pluck().get(), 1, 'only of Grace');
    assert.equal(box.access.audit.verify().outcome, 'whole');
  });

  test('who was removed since the backup stays removed, who was restored meanwhile does not', async (t) => {
    const path = join(temporaryDirectory(t), 'night.rcb');
    await using box = await openBackupBox(temporaryDirectory(t));
    const [ada, bea, grace] = await enrol(box, 'Ada', 'Beatrix', 'Grace');
    if (ada === undefined || bea === undefined || grace === undefined) throw new Error('nobody was enrolled');
    await box.backups.create({ path, passphrase }, tester);
    const before = box.access.gallery();
    assert.ok(before.removePerson(ada, tester));
    assert.ok(before.removePerson(bea, tester) && before.restorePerson(bea, tester));
    await box.backups.restore({ path, secret }, tester);
    const states = () => [ada, bea, grace].map((id) => box.access.gallery().showPerson(id)?.state);
    assert.deepEqual(states(), ['removed', 'active', 'active']);
    assert.equal(box.access.gallery().personCount, 2);
    assert.ok(box.access.gallery().restorePerson(ada, tester), 'a decision of later is as good as any');
    await box.backups.restore({ path, secret }, tester);
    assert.deepEqual(states(), ['active', 'active', 'active']);
    assert.deepEqual(box.access.gallery().quarantined, []);
    assert.equal(box.access.audit.verify().outcome, 'whole');
  });

  test('an erased person stays erased in the file, too, and after the next start', async (t) => {
    const { directory, path, ids } = await backedUpBox(t);
    {
      await using box = await openBackupBox(directory);
      const [ada] = ids;
      assert.ok(ada && box.access.gallery().erasePerson(ada, tester));
      await box.backups.restore({ path, secret }, tester);
    }
    await using box = await openBackupBox(directory);
    assert.deepEqual(await namesIn(box.access.gallery()), ['Grace']);
    const db = box.access.file.database.db;
    const rows = db
      .prepare('SELECT (SELECT count(*) FROM photograph), (SELECT count(*) FROM data_key)')
      .raw()
      .get();
    assert.deepEqual(rows, [1, 1]);
  });

  test('onto other hardware with another key needs the recovery secret alone, and goes on with the log', async (t) => {
    const { path } = await backedUpBox(t);
    await using box = await openBackupBox(temporaryDirectory(t), { keyFill: 99 });
    const answer = await box.backups.restore({ path, secret: { passphrase } }, tester);
    assert.deepEqual(await namesIn(box.access.gallery()), ['Ada', 'Grace']);
    assert.equal(answer.log, 'backup');
    assert.equal(box.access.audit.verify().outcome, 'whole');
    assert.equal(actionsOf(box).filter((action) => action === 'person.enrolled').length, 2);
    assert.equal(await codeOf(box.backups.create({ path: `${path}.again` }, tester)), 'done');
  });

  test('into a box that never had a key gives it one of the provider that is asked for', async (t) => {
    const { path } = await backedUpBox(t);
    const directory = temporaryDirectory(t);
    const keyPassphrase = Buffer.from('seven words that nobody else would think of');
    {
      await using box = await openBackupBox(directory, { keyFill: null });
      assert.equal(box.access.sealed?.code, 'key-not-initialised');
      assert.equal(await codeOf(box.backups.restore({ path, secret }, tester)), 'key-missing');
      await box.backups.restore({ path, secret, provider: 'passphrase', keyPassphrase }, tester);
      assert.deepEqual(await namesIn(box.access.gallery()), ['Ada', 'Grace']);
    }
    await using box = await openBackupBox(directory, { keyFill: null });
    assert.equal(box.access.sealed?.code, 'passphrase-needed');
    assert.equal(await box.access.unlock({ passphrase: keyPassphrase }, tester), undefined);
    assert.deepEqual(await namesIn(box.access.gallery()), ['Ada', 'Grace']);
    // Its passphrase is not asked for again: the key is at hand while the file is replaced.
    await box.backups.restore({ path, secret }, tester);
    assert.deepEqual(await namesIn(box.access.gallery()), ['Ada', 'Grace']);
  });

  test('replaces a gallery whose key is lost', async (t) => {
    const { directory, path } = await backedUpBox(t);
    writeFileSync(join(directory, 'secrets', 'gallery-key'), new Uint8Array(32).fill(50));
    await using box = await openBackupBox(directory);
    assert.equal(box.access.sealed?.code, 'wrong-key');
    await box.backups.restore({ path, secret }, tester);
    assert.deepEqual(await namesIn(box.access.gallery()), ['Ada', 'Grace']);
    assert.equal(box.access.audit.verify().outcome, 'whole');
  });

  test('heals a damaged file, which is kept aside, and the box has run meanwhile', async (t) => {
    const { directory, path } = await backedUpBox(t);
    const file = join(directory, 'data', 'gallery.db');
    const bytes = readFileSync(file);
    bytes.fill(0x55, 2 * 4096, 20 * 4096);
    writeFileSync(file, bytes);
    await using box = await openBackupBox(directory);
    assert.equal(box.access.sealed?.code, 'gallery-damaged');
    assert.equal(await codeOf(box.backups.create({ path: `${path}.2` }, tester)), 'gallery-sealed');
    const answer = await box.backups.restore({ path, secret }, tester);
    assert.deepEqual(await namesIn(box.access.gallery()), ['Ada', 'Grace']);
    assert.ok(answer.damagedFile !== undefined && existsSync(answer.damagedFile));
    assert.deepEqual(readFileSync(answer.damagedFile), bytes);
    const [someone] = await box.access.gallery().listPersons();
    assert.ok(someone !== undefined && box.access.gallery().erasePerson(someone.id, tester));
    assert.deepEqual(
      readdirSync(join(directory, 'data')).filter((name) => name.includes('damaged')),
      [],
      'an erased person is in no file any more',
    );
    assert.notEqual(box.access.audit.verify().outcome, 'broken');
    const held = box.access.audit.list({ limit: 1000 }).filter(({ details }) => 'heldFrom' in details);
    assert.ok(held.length > 0, 'what happened without a file is in the log');
  });

  test('heals a file whose beginning is gone', async (t) => {
    const { directory, path } = await backedUpBox(t);
    writeFileSync(join(directory, 'data', 'gallery.db'), Buffer.alloc(8192, 1));
    await using box = await openBackupBox(directory);
    const answer = await box.backups.restore({ path, secret }, tester);
    assert.deepEqual([answer.areErasuresKnown, answer.log], [false, 'backup']);
    assert.deepEqual(await namesIn(box.access.gallery()), ['Ada', 'Grace']);
  });
});

describe('while the key is being rotated', () => {
  /** A box of 30 persons whose rotation has just begun. */
  async function rotatingBox(t: TestContext): Promise<BackupBox> {
    const directory = temporaryDirectory(t);
    const box = await openBackupBox(directory);
    t.after(() => box[Symbol.asyncDispose]());
    await enrol(box, ...Array.from({ length: 30 }, (_, index) => `P${index}`));
    writeFileSync(join(directory, 'secrets', 'gallery-key.next'), new Uint8Array(32).fill(8), {
      mode: 0o600,
    });
    const { rotations } = box.access.requireOpen();
    await rotations.start({ kind: 'secret', depth: 'deep', input: {}, by: tester });
    return box;
  }

  test('a backup holds every key that its copy needs', async (t) => {
    const path = join(temporaryDirectory(t), 'amid.rcb');
    const box = await rotatingBox(t);
    await box.backups.create({ path }, tester);
    await using other = await openBackupBox(temporaryDirectory(t), { keyFill: 99 });
    const { damagedKeys } = await other.backups.restore({ path, secret }, tester);
    assert.equal(damagedKeys, 0);
    assert.equal((await namesIn(other.access.gallery())).length, 30);
    assert.equal(other.access.keySlots.length, 1);
  });

  test('a restore ends the rotation, and the new key opens what was restored', async (t) => {
    const { path } = await backedUpBox(t);
    const box = await rotatingBox(t);
    await box.backups.restore({ path, secret }, tester);
    assert.deepEqual(await namesIn(box.access.gallery()), ['Ada', 'Grace']);
    await box[Symbol.asyncDispose]();
    await using again = await openBackupBox(box.directory);
    assert.deepEqual(await namesIn(again.access.gallery()), ['Ada', 'Grace']);
    assert.equal(again.access.keySlots.length, 1);
  });
});

describe('a restore that is refused', () => {
  test('has touched nothing', async (t) => {
    const { directory, path } = await backedUpBox(t);
    await using box = await openBackupBox(directory);
    await enrol(box, 'Mallory');
    const good = readFileSync(path);
    const altered = Buffer.from(good);
    altered[good.length - 500] = (altered[good.length - 500] ?? 0) ^ 1;
    const newer = Buffer.from(good);
    newer.writeUInt16BE(9, 16);
    const cases = [
      ['backup-truncated', good.subarray(0, good.length - 40)],
      ['backup-altered', altered],
      ['backup-foreign', Buffer.from('SQLite format 3\0 and so on')],
      ['backup-newer', newer],
    ] as const;
    const rows = (): unknown =>
      box.access.file.database.db.prepare('SELECT id, revision, profile FROM person').raw().all();
    const before = rows();
    const bad = `${path}.bad`;
    for (const [code, bytes] of cases) {
      writeFileSync(bad, bytes);
      assert.equal(await codeOf(box.backups.restore({ path: bad, secret }, tester)), code);
    }
    const other = { recoverySecret: newRecoveryKey().secretKey };
    assert.equal(await codeOf(box.backups.restore({ path, secret: other }, tester)), 'backup-wrong-secret');
    const wrong = { passphrase: Buffer.from('wrong') };
    assert.equal(await codeOf(box.backups.restore({ path, secret: wrong }, tester)), 'backup-wrong-secret');
    assert.deepEqual(rows(), before);
    assert.deepEqual(await namesIn(box.access.gallery()), ['Ada', 'Grace', 'Mallory']);
    assert.equal(actionsOf(box).filter((action) => action === 'backup.refused').length, 6);
    assert.deepEqual(filesOf(box), ['gallery.db', 'gallery.db.lock']);
  });

  test('is one of another recogniser, which names both', async (t) => {
    const { path } = await backedUpBox(t);
    await using box = await openBackupBox(temporaryDirectory(t), { recogniser: recogniserId('other-2') });
    const before = hashOf(box.galleryPath);
    await assert.rejects(box.backups.restore({ path, secret }, tester), {
      code: 'recogniser-mismatch',
      message: /test-recogniser-1.*other-2/,
    });
    assert.equal(hashOf(box.galleryPath), before);
  });
});
