import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { BackupProgress } from '../../daemon/core/backups/backup-progress.js';
import { examineBackup } from '../../daemon/core/backups/examine-backup.js';
import { backedUpBox, codeOf, filesOf, hashOf, secret } from '../support/backed-up-box.js';
import { type BackupBox, openBackupBox } from '../support/backup-box.js';
import {
  enrolmentOf,
  namesIn,
  noiseJpeg,
  temporaryDirectory,
  tester,
  unitVector,
} from '../support/gallery-fixture.js';

/** The progress in the status at each turn of the event loop until `work` has ended. */
async function progressDuring(
  { backups }: BackupBox,
  work: Promise<unknown>,
): Promise<readonly BackupProgress[]> {
  let isDone = false;
  const ended = work.finally(() => {
    isDone = true;
  });
  const told: BackupProgress[] = [];
  while (!isDone) {
    const { progress } = await backups.status();
    if (progress !== undefined) told.push(progress);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await ended;
  return told;
}

/** Fails unless the progress never goes back in the order of `steps`. Steps that are too short to be seen may be missing. */
function assertGoesOn(told: readonly BackupProgress[], steps: readonly BackupProgress['step'][]): void {
  assert.ok(told.length > 0, 'the status showed no progress');
  const places = told.map(({ step }) => steps.indexOf(step));
  const shares = told.map(({ doneBytes, totalBytes }) => doneBytes / totalBytes);
  for (const row of [places, shares])
    assert.deepEqual(
      row,
      [...row].sort((one, other) => one - other),
    );
  assert.ok((places[0] ?? -1) >= 0 && (shares.at(-1) ?? 2) <= 1);
}

describe('a backup of a running box', () => {
  test('reports its content, writes an audit entry without its path, and leaves no file beside the gallery', async (t) => {
    const { directory, path, answer } = await backedUpBox(t);
    assert.equal(answer.sha256, hashOf(path));
    assert.deepEqual(answer.counts, {
      ...{ persons: 2, templates: 2, photographs: 2 },
      ...{ evidence: 0, tombstones: 0, auditEntries: 5 },
    });
    assert.equal(answer.site, 'test-site');
    await using box = await openBackupBox(directory);
    const [entry] = box.vault.audit.list({ action: 'backup.created' });
    assert.equal(entry?.details['sha256'], answer.sha256);
    assert.ok(!JSON.stringify(entry).includes('night'));
    assert.deepEqual(filesOf(box), ['gallery.db', 'gallery.db.lock']);
  });

  test('contains no name, picture or key in clear', async (t) => {
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
    const gallery = box.vault.gallery();
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
    const restoring = progressDuring(box, box.backups.restore({ path, secret }, tester));
    assertGoesOn(await restoring, ['read', 'unpack', 'check']);
    const again = box.backups.create({ path: `${path}.again` }, tester);
    assertGoesOn(await progressDuring(box, again), ['copy', 'write', 'read-back']);
    assert.equal((await box.backups.status()).progress, undefined);
    const told: BackupProgress[] = [];
    await examineBackup(path, secret, directory, { onProgress: (progress) => told.push(progress) });
    assertGoesOn(told, ['read', 'unpack', 'check']);
    assert.deepEqual([...new Set(told.map(({ step }) => step))], ['read', 'unpack', 'check']);
    const names = await namesIn(box.vault.gallery());
    assert.ok(!names.includes('P1') && names.includes('P60'));
    assert.ok(Math.abs(names.length - (counts['persons'] ?? 0)) <= 1);
    assert.equal(box.vault.audit.verify().outcome, 'whole');
  });

  test('is refused while the gallery is sealed, without a recipient, over an existing file, and during another backup', async (t) => {
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
