import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { FileBackup, RestoredGallery } from '../../daemon/contract/backups.js';
import type { PersonSummary } from '../../daemon/contract/person.js';
import { writeEnrolmentPhotos } from '../../scripts/virtual-camera/cast.js';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';

const passphrase = 'nine grey herons over the weir';

/** The folder for files that are kept off the box. */
interface Safe {
  readonly key: string;
  readonly backup: string;
  readonly folder: string;
}

async function json<T>(box: TestBox, ...args: readonly string[]): Promise<T> {
  const { exitCode, stdout, stderr } = await box.command(...args, '--json');
  assert.equal(exitCode, 0, stderr);
  return JSON.parse(stdout) as T;
}

const names = async (box: TestBox): Promise<readonly (string | undefined)[]> =>
  (await json<readonly PersonSummary[]>(box, 'person', 'list')).map(({ name }) => name);

async function enrol(box: TestBox, name: string, photo: string): Promise<void> {
  const { exitCode, stderr } = await box.command('person', 'add', name, '--image', photo);
  assert.equal(exitCode, 0, stderr);
}

async function makeBackup(box: TestBox, { key, backup, folder }: Safe): Promise<void> {
  const early = await box.command('backup', 'create', join(folder, 'early.rcb'));
  assert.match(early.stderr, /the backup has no key to encrypt it to[\s\S]*recovery-key init/);
  const init = await box.command('backup', 'recovery-key', 'init', '--out', key);
  assert.equal(init.exitCode, 0, init.stderr);
  assert.equal((await stat(key)).mode & 0o777, 0o600);
  const again = await box.command('backup', 'recovery-key', 'init', '--out', key);
  assert.equal(again.exitCode, 2);
  const made = await json<FileBackup>(box, 'backup', 'create', backup);
  assert.equal(made.counts['persons'], 2);
  const twice = await box.command('backup', 'create', backup);
  assert.match(twice.stderr, /already exists/);
}

async function verifyOffline(box: TestBox, { key, backup, folder }: Safe): Promise<void> {
  const verified = await json<FileBackup>(box, 'backup', 'verify', backup, '--recovery-key', key);
  assert.deepEqual([verified.site, verified.counts['persons']], ['test-site', 2]);
  const without = await box.command('backup', 'verify', backup);
  assert.match(without.stderr, /opens only with the recovery key [0-9a-f]{16}/);
  const bad = join(folder, 'bad.rcb');
  const bytes = await readFile(backup);
  bytes[bytes.length - 5000] = (bytes[bytes.length - 5000] ?? 0) ^ 4;
  await writeFile(bad, bytes);
  const refused = await box.command('backup', 'verify', bad, '--recovery-key', key);
  assert.equal(refused.exitCode, 2);
  assert.match(refused.stderr, /was altered or damaged/);
}

async function withPassphrase(box: TestBox, { folder }: Safe): Promise<void> {
  const path = join(folder, 'typed.rcb');
  const made = await box.commandReading(`${passphrase}\n`, 'backup', 'create', path, '--passphrase');
  assert.match(made.stdout, /contents .* events, .* accounts, .* files/);
  assert.equal(made.exitCode, 0, made.stderr);
  const right = await box.commandReading(`${passphrase}\n`, 'backup', 'verify', path);
  assert.match(right.stdout, /The backup is whole/);
  const wrong = await box.commandReading('six other words\n', 'backup', 'verify', path);
  assert.equal(wrong.exitCode, 2);
  assert.doesNotMatch(wrong.stdout + wrong.stderr, /six other words/);
}

async function restore(box: TestBox, { key, backup }: Safe): Promise<RestoredGallery> {
  return json(box, 'backup', 'restore', backup, '--recovery-key', key, '--yes');
}

async function damage(box: TestBox): Promise<void> {
  const path = join(box.directory, 'data', 'gallery.db');
  const bytes = await readFile(path);
  await writeFile(path, bytes.fill(0xee, 4096, 5 * 4096));
}

test('a box is backed up, verified, restored, moved and healed', { skip: withoutBuild }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'rollcall-safe-'));
  const safe: Safe = { folder, key: join(folder, 'recovery.key'), backup: join(folder, 'night.rcb') };
  try {
    await using portraits = await writeEnrolmentPhotos();
    const { ada, bea } = portraits.files;
    await using box = await makeBox();
    await box.start();
    await enrol(box, 'Ada', ada);
    await enrol(box, 'Bea', bea);

    await t.test('the running box makes a backup for a recovery key', () => makeBackup(box, safe));
    await t.test('the backup is verified without the box', () => verifyOffline(box, safe));
    await t.test('a passphrase opens a backup, too', () => withPassphrase(box, safe));
    await t.test('the command asks for a confirmation before a restore', async () => {
      const asked = await box.command('backup', 'restore', safe.backup, '--recovery-key', safe.key);
      assert.equal(asked.exitCode, 2);
      assert.match(
        asked.stderr,
        /permanently deletes .* 2 persons.* This box keeps its own recorded events, /s,
      );
    });
    await t.test('a restore brings back all persons except erased ones', async () => {
      const persons = await json<readonly PersonSummary[]>(box, 'person', 'list');
      const found = persons.find(({ name }) => name === 'Bea');
      assert.ok(found);
      await json(box, 'person', 'erase', found.id, '--yes');
      const answer = await restore(box, safe);
      assert.deepEqual([answer.persons, answer.erasedAgain, answer.log], [1, 1, 'box']);
      assert.deepEqual(await names(box), ['Ada']);
      assert.equal((await box.command('audit', 'verify')).exitCode, 0);
    });
    await t.test('other hardware with another key restores it with the recovery key alone', async () => {
      await using other = await makeBox();
      await other.start();
      const answer = await restore(other, safe);
      assert.deepEqual([answer.persons, answer.log], [2, 'backup']);
      assert.deepEqual([...(await names(other))].sort(), ['Ada', 'Bea']);
      assert.equal((await other.command('audit', 'verify')).exitCode, 0);
      await other.stop();
      await other.start();
      assert.equal((await names(other)).length, 2);
      assert.equal((await other.command('audit', 'verify')).exitCode, 0);
    });
    await t.test('the box runs with a damaged gallery, and a restore repairs it', async () => {
      await box.stop();
      await damage(box);
      await box.start();
      assert.match((await box.command('status')).stdout, /SEALED, no person is recognised: .*damaged/);
      assert.equal((await box.command('key', 'status')).exitCode, 0);
      const answer = await restore(box, safe);
      assert.ok(answer.damagedFile !== undefined);
      assert.ok((await names(box)).includes('Ada'));
    });
    await t.test('no log contains a secret or the path of a backup', async () => {
      const secret = (await readFile(safe.key, 'latin1')).trim().split(' ').at(-1) ?? '';
      assert.ok(secret.length > 60);
      assert.ok(!box.log().includes(secret) && !box.log().includes(passphrase));
      const audit = await box.command('audit', 'list', '--limit', '1000', '--json');
      assert.ok(!audit.stdout.includes(secret) && !audit.stdout.includes('night.rcb'));
      assert.match(audit.stdout, /backup\.restored/);
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
