import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { KeyEncryptionKey } from '../../daemon/core/gallery/keys/key-encryption-key.js';
import { readKeySlots } from '../../daemon/core/gallery/keys/key-slots.js';
import { places } from '../../daemon/core/gallery/places.js';
import { openField, sealField } from '../../daemon/core/gallery/sealing.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { temporaryDirectory, tester } from '../support/gallery-fixture.js';
import {
  databaseBytes,
  enrol,
  finished,
  openTestGallery,
  passphraseInput,
  readSecret,
  type TestGallery,
  tracesOf,
  writeSecret,
} from '../support/rotation-fixture.js';
import { mountSmallDisk } from '../support/small-disk.js';

const depths = ['wrap', 'deep'] as const;

/** Flips one bit of a sealed value. */
function damage({ file }: TestGallery, table: string, column: string, id: string): void {
  const { db } = file.database;
  const bytes = db.prepare<[string], Buffer>(`SELECT ${column} FROM ${table} WHERE id = ?`).pluck().get(id);
  assert.ok(bytes !== undefined);
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  db.prepare(`UPDATE ${table} SET ${column} = ? WHERE id = ?`).run(bytes, id);
}

const fieldOf = ({ file }: TestGallery, query: string, id: string): unknown =>
  file.database.db.prepare<[string], unknown>(query).pluck().get(id);

describe('a rotation of a damaged gallery', () => {
  for (const depth of depths) {
    test(`${depth}: ends, keeps the damaged bytes, and makes the old key useless`, async (t) => {
      const directory = temporaryDirectory(t);
      writeSecret(directory);
      const oldSecret = readSecret(directory);
      writeSecret(directory, '.next');
      await using opened = await openTestGallery(directory);
      const { gallery, rotations, file } = opened;
      const ids = [await enrol(opened, 1), await enrol(opened, 2), await enrol(opened, 3)] as const;
      const keyId = String(fieldOf(opened, 'SELECT data_key_id FROM person WHERE id = ?', ids[0]));
      const photograph = gallery.showPerson(ids[1])?.photographs[0]?.id ?? '';
      const whole = gallery.showPerson(ids[1])?.photographs[1]?.id ?? '';
      damage(opened, 'data_key', 'wrapped', keyId);
      damage(opened, 'photograph', 'jpeg', photograph);
      const jpeg = fieldOf(opened, 'SELECT jpeg FROM photograph WHERE id = ?', photograph);
      const wrap = fieldOf(opened, 'SELECT wrapped FROM data_key WHERE id = ?', keyId) as Buffer;

      const rotation = await rotations.start({ kind: 'secret', depth, input: {}, by: tester });
      await finished(rotation);
      assert.equal(rotation.progress.damaged, depth === 'deep' ? 2 : 1);
      const named = file.audit.list({ action: 'gallery.row-quarantined' }).map(({ subject }) => subject);
      assert.ok(named.includes(keyId));
      assert.equal(named.includes(photograph), depth === 'deep');
      assert.equal(readKeySlots(file.database).length, 1);
      assert.deepEqual(fieldOf(opened, 'SELECT jpeg FROM photograph WHERE id = ?', photograph), jpeg);
      assert.throws(() => gallery.readPhotograph(ids[1], photograph), /does not open/);
      assert.equal(gallery.readPhotograph(ids[1], whole)?.length, 3000, 'the rest of the person opens');
      assert.equal(
        gallery.readPhotograph(ids[2], gallery.showPerson(ids[2])?.photographs[0]?.id ?? '')?.length,
        3000,
      );
      assert.equal((await gallery.listPersons()).length, 3);
      assert.equal(gallery.showPerson(ids[0])?.profile, undefined);
      assert.equal(
        tracesOf([wrap], databaseBytes(directory)),
        0,
        'with its damage undone the old key would open it',
      );
      using oldKey = new KeyEncryptionKey(oldSecret);
      assert.equal(tracesOf([oldKey.checkValue()], databaseBytes(directory)), 0);
    });
  }
});

describe('evidence', () => {
  test('of a person and of a stranger is sealed again by a deep rotation', async (t) => {
    const directory = temporaryDirectory(t);
    writeSecret(directory);
    writeSecret(directory, '.next');
    await using opened = await openTestGallery(directory);
    const { file, ring, rotations } = opened;
    const { db } = file.database;
    const { row, key } = ring.newDataKey();
    const jpeg = Buffer.from('a picture of somebody');
    const place = places.evidenceJpeg('e-1', 'unknown', 'event-1', null);
    const sealed = sealField(key, place, jpeg);
    db.prepare('INSERT INTO data_key (id, kek_id, wrapped) VALUES (@id, @kekId, @wrapped)').run(row);
    db.prepare(
      `INSERT INTO evidence (id, kind, event_id, camera_id, person_id, data_key_id, jpeg, taken_at_ms)
       VALUES ('e-1', 'unknown', 'event-1', 'door', NULL, ?, ?, 1)`,
    ).run(row.id, sealed);
    await finished(await rotations.start({ kind: 'secret', depth: 'deep', input: {}, by: tester }));
    const found = db
      .prepare<[], { id: string; kekId: string; wrapped: Uint8Array; jpeg: Uint8Array }>(
        `SELECT data_key.id, kek_id AS kekId, wrapped, jpeg FROM evidence JOIN data_key ON data_key.id = data_key_id`,
      )
      .get();
    assert.ok(found !== undefined && found.id !== row.id);
    const plain = ring.using(found, (fresh) => openField(fresh, place, found.jpeg));
    assert.deepEqual(Buffer.from(plain ?? []), jpeg);
    assert.equal(tracesOf([sealed, row.wrapped], databaseBytes(directory)), 0);
  });
});

describe('a rotation that cannot begin', () => {
  test('is refused, and nothing changes', async (t) => {
    const directory = temporaryDirectory(t);
    writeSecret(directory);
    await using opened = await openTestGallery(directory);
    const { rotations, file, ring, gallery } = opened;
    for (let seed = 1; seed <= 3; seed += 1) await enrol(opened, seed);
    const before = ring.current.id;
    const refusedWith = (code: string) => (error: unknown) => isRollcallError(error, code);
    const secret = { kind: 'secret', depth: 'wrap', input: {}, by: tester } as const;
    await assert.rejects(rotations.start(secret), refusedWith('key-next-missing'));
    const weak = { ...secret, kind: 'passphrase', input: passphraseInput('short') } as const;
    await assert.rejects(rotations.start(weak), refusedWith('passphrase-refused'));
    assert.equal(readKeySlots(file.database).length, 1);

    const strong = {
      ...secret,
      kind: 'passphrase',
      input: passphraseInput('six random words of mine'),
    } as const;
    const first = rotations.start(strong);
    await assert.rejects(rotations.start(strong), refusedWith('rotation-running'));
    const rotation = await first;
    writeSecret(directory, '.next');
    await assert.rejects(rotations.start(secret), refusedWith('rotation-running'));
    await finished(rotation);
    assert.deepEqual(
      file.audit.list({ action: 'key' }).map(({ action }) => action),
      [
        'key.initialised',
        'key.unlocked',
        'key.rotation-started',
        'key.provider-changed',
        'key.rotation-finished',
      ],
    );
    await assert.rejects(
      rotations.start(secret),
      refusedWith('key-used-before'),
      'the old secret cannot come back',
    );
    assert.notEqual(gallery.keyId, before);
  });
});

describe('a full disk', () => {
  for (const depth of depths) {
    test(`${depth}: the rotation reports it, waits, and continues when there is space`, async (t) => {
      const disk = mountSmallDisk(24);
      if ('skip' in disk) {
        t.skip(disk.skip);
        return;
      }
      using _mounted = disk;
      const directory = temporaryDirectory(t);
      writeSecret(directory);
      writeSecret(directory, '.next');
      const warnings: string[] = [];
      const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
      const clock = new VirtualClock(1_700_000_000_000);
      await using opened = await openTestGallery(directory, { place: disk.path, clock, logger });
      const { gallery, rotations, file } = opened;
      const count = 120;
      for (let seed = 1; seed <= count; seed += 1) await enrol(opened, seed);
      file.database.db.pragma('wal_checkpoint(TRUNCATE)');
      disk.fill();
      const order = { kind: 'secret', depth, input: {}, by: tester } as const;
      await assert.rejects(rotations.start(order), (error) => isRollcallError(error, 'disk-full'));
      assert.equal(readKeySlots(file.database).length, 1, 'it did not begin');
      assert.equal(
        (await gallery.listPersons()).filter(({ profile }) => profile !== undefined).length,
        count,
      );

      disk.free();
      const rotation = await rotations.start(order);
      disk.fill();
      while (rotation.progress.state === 'running') await new Promise((resolve) => setImmediate(resolve));
      assert.equal(rotation.progress.state, 'waiting');
      assert.equal(rotation.progress.problem?.code, 'disk-full');
      assert.deepEqual(warnings, ['key rotation waits']);
      const listed = await gallery.listPersons();
      assert.equal(
        listed.filter(({ profile }) => profile !== undefined).length,
        count,
        'every person still opens',
      );

      disk.free();
      clock.advanceBy(60_000);
      await finished(rotation);
      assert.equal(rotation.progress.done, count);
      for (const { id } of await gallery.listPersons()) {
        const photographs = gallery.showPerson(id)?.photographs ?? [];
        for (const photograph of photographs)
          assert.equal(gallery.readPhotograph(id, photograph.id)?.length, 3000);
      }
    });
  }
});
