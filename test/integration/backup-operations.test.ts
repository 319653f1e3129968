import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer as bytesOf } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { backupOperations } from '../../daemon/contract/backups.js';
import { ControlClient } from '../../daemon/core/api/client.js';
import { startControlServer } from '../../daemon/core/api/server.js';
import { backupHandlers } from '../../daemon/core/backups/backup-handlers.js';
import { KeptBackups, keptForMs, uploadReserveBytes } from '../../daemon/core/backups/kept-backups.js';
import { recoveryKeyId } from '../../daemon/core/backups/recovery-key.js';
import { writeRecoveryKey } from '../../daemon/core/backups/recovery-key-text.js';
import { EnrolledPersons } from '../../daemon/core/persons/enrolled-persons.js';
import { personId } from '../../daemon/kernel/ids.js';
import { silentLogger } from '../../daemon/kernel/logger.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';
import { actionsOf, codeOf, enrol } from '../support/backed-up-box.js';
import { type BackupBox, openBackupBox } from '../support/backup-box.js';
import { recoveryKey } from '../support/backup-fixture.js';
import { tester } from '../support/gallery-fixture.js';
import { openTestRecords } from '../support/published-box.js';
import { temporaryDirectory } from '../support/temporary-directory.js';
import { until } from '../support/until.js';

/** The line of one half, as its file has it. */
const lineOf = (half: 'secret' | 'public', key: Uint8Array): Buffer =>
  Buffer.from(writeRecoveryKey(half, key));

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** The files that the box keeps for callers from the network. */
const keptIn = ({ galleryPath }: BackupBox): readonly string[] =>
  readdirSync(`${galleryPath}.kept-work`).sort();

async function withServedBox(
  work: (served: { box: BackupBox; client: ControlClient; directory: string }) => Promise<void>,
): Promise<void> {
  await using directory = await temporaryDirectory();
  await using box = await openBackupBox(join(directory.path, 'box'));
  const socketPath = join(directory.path, 'control.sock');
  await using _server = await startControlServer({
    ...{ socketPath, operations: backupOperations, handlers: backupHandlers(box.backups) },
    logger: silentLogger,
  });
  await work({ box, client: new ControlClient(socketPath), directory: directory.path });
}

describe('the operations on backups', () => {
  test('write a backup to a file of the box and restore it with the text of the recovery key', async () => {
    await withServedBox(async ({ box, client, directory }) => {
      await enrol(box, 'Ada');
      const path = join(directory, 'night.rcb');
      const written = await client.call('backups.write-file', { path });
      assert.deepEqual([written.path, written.counts['persons']], [path, 1]);
      await enrol(box, 'Grace');
      const recoverySecret = lineOf('secret', recoveryKey.secretKey);
      const restored = await client.call('backups.restore-file', { path, recoverySecret });
      assert.deepEqual([restored.persons, restored.backup.sha256], [1, written.sha256]);
      assert.equal(box.vault.gallery().personCount, 1);
    });
  });

  test('refuse a restore with no secret, with two, and with half of a line', async () => {
    await withServedBox(async ({ client, directory }) => {
      const path = join(directory, 'night.rcb');
      const recoverySecret = lineOf('secret', recoveryKey.secretKey);
      const restore = (secrets: { recoverySecret?: Buffer; passphrase?: Buffer }): Promise<string> =>
        codeOf(client.call('backups.restore-file', { path, ...secrets }));
      assert.equal(await restore({}), 'bad-request');
      assert.equal(await restore({ recoverySecret, passphrase: Buffer.from('words') }), 'bad-request');
      assert.equal(
        await restore({ recoverySecret: recoverySecret.subarray(0, 40) }),
        'recovery-key-malformed',
      );
      assert.equal(await codeOf(client.call('backups.write-file', { path: 'night.rcb' })), 'bad-request');
    });
  });

  test('take the public half of a recovery key as the line of its file, and only that half', async () => {
    await withServedBox(async ({ client }) => {
      const { publicKey, secretKey } = recoveryKey;
      const set = (line: Buffer) =>
        client.call('backups.set-recovery-key', { publicKey: line.toString('latin1') });
      const { keyId } = await set(lineOf('public', publicKey));
      assert.equal(keyId, recoveryKeyId(publicKey));
      assert.equal((await client.call('backups.show')).recoveryKeyId, keyId);
      assert.equal(await codeOf(set(lineOf('secret', secretKey))), 'recovery-key-malformed');
    });
  });
});

describe('backups over the network', () => {
  const passphrase = Buffer.from('six random words are quite enough');

  test('are made, downloaded in parts, uploaded in pieces and restored, without a path of the box', async () => {
    await withServedBox(async ({ box, client }) => {
      await enrol(box, 'Ada');
      const made = await client.call('backups.create', { passphrase });
      assert.deepEqual((await client.call('backups.show')).made, made);
      const whole = await client.call('backups.download', { id: made.id });
      assert.equal(sha256(whole), made.sha256);
      const rest = await client.call('backups.download', { id: made.id, offset: 1000 });
      assert.ok(rest.equals(whole.subarray(1000)));
      assert.ok(actionsOf(box).includes('backup.downloaded'));

      await enrol(box, 'Grace');
      const half = Math.floor(whole.length / 2);
      const begun = await client.call('backups.upload', { offset: 0, piece: [whole.subarray(0, half)] });
      const { id } = begun;
      assert.deepEqual((await client.call('backups.show')).upload, begun);
      await assert.rejects(client.call('backups.upload', { id, offset: 0, piece: [whole] }), {
        code: 'upload-offset',
        details: { receivedBytes: half },
      });
      assert.equal(await codeOf(client.call('backups.restore', { id, passphrase })), 'backup-truncated');
      assert.equal(await codeOf(client.call('backups.verify', { id, passphrase })), 'backup-truncated');
      const piece = [whole.subarray(half)];
      const { receivedBytes } = await client.call('backups.upload', { id, offset: half, piece });
      assert.equal(receivedBytes, whole.length);
      const uploads = actionsOf(box).filter((action) => action === 'backup.uploaded');
      assert.equal(uploads.length, 1, 'one entry for all pieces');
      const other = Buffer.from('six other words open nothing here');
      assert.equal(
        await codeOf(client.call('backups.verify', { id, passphrase: other })),
        'backup-wrong-secret',
      );
      const verified = await client.call('backups.verify', { id, passphrase });
      const { id: _, expiresAt: __, ...facts } = made;
      assert.deepEqual(verified, facts);
      assert.ok(actionsOf(box).includes('backup.verified'));
      const restored = await client.call('backups.restore', { id, passphrase });
      assert.deepEqual([restored.persons, restored.backup.sha256], [1, made.sha256]);
      assert.equal('path' in restored.backup, false);
      assert.equal((await client.call('backups.show')).upload, undefined);

      await client.call('backups.remove', { id: made.id });
      assert.equal(await codeOf(client.call('backups.download', { id: made.id })), 'no-such-backup');
      assert.deepEqual(keptIn(box), []);
      assert.equal(actionsOf(box).filter((action) => action === 'backup.removed').length, 1);
    });
  });

  test('take the place of the ones before, and are gone after a start', async () => {
    await using directory = await temporaryDirectory();
    const place = join(directory.path, 'box');
    {
      await using box = await openBackupBox(place);
      await box.backups.createKept(undefined, tester);
      const second = await box.backups.createKept(undefined, tester);
      await box.backups.kept.append(Buffer.from('abc'), { offset: 0 });
      const upload = await box.backups.kept.append(Buffer.from('def'), { offset: 0 });
      assert.deepEqual(keptIn(box), [`${second.id}.rcb`, `${upload.id}.rcb`].sort());
      mkdirSync(`${box.galleryPath}.left`);
      renameSync(`${box.galleryPath}.kept-work`, `${box.galleryPath}.left/kept-work`);
    }
    // As after a kill, which leaves the directory behind.
    const galleryPath = join(place, 'data', 'gallery.db');
    renameSync(`${galleryPath}.left/kept-work`, `${galleryPath}.kept-work`);
    await using box = await openBackupBox(place);
    assert.equal(existsSync(`${box.galleryPath}.kept-work`), false);
  });

  test('made before an erasure are deleted by it, also while they are made or read', async () => {
    await using directory = await temporaryDirectory();
    await using box = await openBackupBox(join(directory.path, 'box'));
    await using records = openTestRecords(join(directory.path, 'records.db'));
    const { backups, vault } = box;
    const persons = new EnrolledPersons({
      ownThresholdOf: () => undefined,
      falseMatches: () => [],
      ...{ vault, records, logger: silentLogger },
      ...{ policy: () => ({ threshold: 0.5, margin: 0.05, minimumProbes: 2 }), todayIso: () => '2026-03-02' },
      definedFields: () => new Set(),
      analysePhoto: () => Promise.reject(new Error('this test enrols from no photographs')),
      forgetPerson: () => undefined,
      forgetCopies: (by) => backups.forgetCopies(by),
      readings: { note: () => undefined },
    });
    const [ada = '', grace = '', mary = ''] = await enrol(box, 'Ada', 'Grace', 'Mary');
    const made = await backups.createKept(passphrase, tester);
    const whole = await bytesOf(backups.download(made.id, 0, tester));
    const upload = await backups.kept.append(whole.subarray(0, -1), { offset: 0 });
    const reading = backups.download(made.id, 0, tester)[Symbol.asyncIterator]();
    assert.equal((await reading.next()).done, false);
    assert.equal(persons.erase('p-unknown', tester), undefined);
    assert.equal(backups.kept.made?.id, made.id, 'nobody was erased');

    assert.ok(persons.erase(ada, tester));
    assert.equal(backups.kept.made, undefined);
    assert.equal(await codeOf(reading.next()), 'no-such-backup');
    await until('only the upload is left', () => keptIn(box).join() === `${upload.id}.rcb`);
    await until('the audit entry', () => actionsOf(box).includes('backup.removed'));

    const outdated = backups.kept.make(async (path) => {
      const written = await backups.create({ path }, tester);
      assert.ok(persons.withdrawConsent(grace, tester));
      return written;
    });
    assert.equal(await codeOf(outdated), 'backup-outdated');
    assert.deepEqual(keptIn(box), [`${upload.id}.rcb`]);
    const { id: _, expiresAt: __, ...facts } = await backups.createKept(undefined, tester);
    const late = backups.kept.make(async (path) => {
      writeFileSync(path, 'a backup');
      return { ...facts, path };
    });
    // The one before is being deleted now, and the new one has not taken its place.
    while (backups.kept.made !== undefined) await Promise.resolve();
    backups.forgetCopies(tester);
    assert.equal(await codeOf(late), 'backup-outdated');
    assert.deepEqual([backups.kept.made, keptIn(box)], [undefined, [`${upload.id}.rcb`]]);

    // The upload has all three; its restore erases again who was erased since.
    await backups.kept.append(whole.subarray(-1), { id: upload.id, offset: whole.length - 1 });
    const restored = await backups.restoreKept(upload.id, { secret: { passphrase } }, tester);
    assert.deepEqual([restored.persons, restored.erasedAgain], [2, 1]);
    const left = [ada, grace, mary].map((id) => vault.gallery().showPerson(personId(id))?.photographs.length);
    assert.deepEqual(left, [undefined, 0, 1], 'erased, withdrawn and kept');
  });

  test('are deleted after a day, and an upload leaves room on the disk', async () => {
    await using directory = await temporaryDirectory();
    const clock = new VirtualClock();
    let free = uploadReserveBytes + 5;
    const galleryPath = join(directory.path, 'gallery.db');
    await using kept = new KeptBackups({ galleryPath, clock, freeBytes: async () => free });
    const { id } = await kept.append(Buffer.from('abc'), { offset: 0 });
    free -= 3;
    assert.equal(await codeOf(kept.append(Buffer.from('def'), { id, offset: 3 })), 'disk-full');
    assert.equal((await kept.append(Buffer.from('de'), { id, offset: 3 })).receivedBytes, 5);
    clock.advanceBy(keptForMs);
    await until('the end of the upload', () => kept.upload === undefined);
    assert.equal(await codeOf(kept.append(Buffer.from('f'), { id, offset: 5 })), 'no-such-backup');
    await until('an empty directory', () => readdirSync(`${galleryPath}.kept-work`).length === 0);
  });

  test('have no operation that names a file of the box', () => {
    const named = Object.entries(backupOperations).filter(([, declaration]) => {
      const { input } = declaration as { readonly input?: { readonly shape: object } };
      return 'path' in (input?.shape ?? {});
    });
    assert.deepEqual(
      named.map(([id, declaration]) => [id, 'isLocalOnly' in declaration]),
      [
        ['backups.write-file', true],
        ['backups.restore-file', true],
      ],
    );
  });
});
