import assert from 'node:assert/strict';
import { chmod, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { openAuditKey } from '../../daemon/core/audit/audit-key.js';
import { AuditKeyRing } from '../../daemon/core/audit/audit-key-ring.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';
import { auditKeyOf } from '../support/audit-fixture.js';
import { withSecretPlaces } from '../support/secret-places.js';

const putSecret = (directory: string, name: string, bytes: Uint8Array): Promise<void> =>
  writeFile(join(directory, name), bytes, { mode: 0o600 });
const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe('the audit key', () => {
  test('is made at the first start, is readable by its owner only, and stays the same', () =>
    withSecretPlaces(async (places) => {
      const first = await openAuditKey(places);
      assert.deepEqual([first.isNew, first.key.length, first.formerKeys], [true, 32, []]);
      const keys = join(places.dataDir, 'keys');
      assert.deepEqual(await readFile(join(keys, 'audit-key')), Buffer.from(first.key));
      assert.deepEqual([await modeOf(keys), await modeOf(join(keys, 'audit-key'))], [0o700, 0o600]);
      const second = await openAuditKey(places);
      assert.equal(second.isNew, false);
      assert.deepEqual(Buffer.from(second.key), Buffer.from(first.key));
    }));

  test('is different on every box', () =>
    withSecretPlaces(async (places) => {
      const { key } = await openAuditKey(places);
      await withSecretPlaces(async (elsewhere) => {
        assert.notDeepEqual(Buffer.from((await openAuditKey(elsewhere)).key), Buffer.from(key));
      });
    }));

  test('is the systemd credential, else the secret file, else the key that the box made', () =>
    withSecretPlaces(async (places) => {
      await openAuditKey(places);
      await putSecret(places.secretsDirectory, 'audit-key', auditKeyOf(2));
      assert.deepEqual(new Uint8Array((await openAuditKey(places)).key), auditKeyOf(2));
      await putSecret(places.credentialsDirectory, 'audit-key', auditKeyOf(3));
      const opened = await openAuditKey(places);
      assert.deepEqual([new Uint8Array(opened.key), opened.isNew], [auditKeyOf(3), false]);
    }));

  test('is opened together with the former keys', () =>
    withSecretPlaces(async (places) => {
      await putSecret(
        places.secretsDirectory,
        'audit-key-former',
        Buffer.concat([auditKeyOf(4), auditKeyOf(5)]),
      );
      const { formerKeys, isNew } = await openAuditKey(places);
      assert.deepEqual(
        formerKeys.map((key) => new Uint8Array(key)),
        [auditKeyOf(4), auditKeyOf(5)],
      );
      assert.equal(isNew, true);
    }));

  for (const size of [0, 31, 33, 64]) {
    test(`that was provided with ${size} bytes is reported, and the box uses a key that it makes`, () =>
      withSecretPlaces(async (places) => {
        await putSecret(places.secretsDirectory, 'audit-key', new Uint8Array(size).fill(1));
        const { key, isNew, damage } = await openAuditKey(places);
        assert.deepEqual([isNew, damage?.code, damage?.kind], [true, 'audit-key-malformed', 'input']);
        assert.notEqual(damage?.remedy, undefined);
        const again = await openAuditKey(places);
        assert.deepEqual([again.key, again.isNew, again.damage?.code], [key, false, 'audit-key-malformed']);
      }));
  }

  for (const [what, content] of [
    ['empty', new Uint8Array()],
    ['zeroed', new Uint8Array(32)],
  ] as const) {
    test(`that the box made is ${what}: the box keeps the file aside, makes another key and reports this`, () =>
      withSecretPlaces(async (places) => {
        const path = join(places.dataDir, 'keys', 'audit-key');
        const { key } = await openAuditKey(places);
        await writeFile(path, content);
        const made = await openAuditKey(places);
        assert.deepEqual([made.isNew, made.damage?.code], [true, 'audit-key-malformed']);
        assert.notDeepEqual(made.key, key);
        assert.equal((await readFile(`${path}.damaged`)).length, content.length);
        const again = await openAuditKey(places);
        assert.deepEqual([again.key, again.damage], [made.key, undefined]);
      }));
  }

  test('is refused if other users can read it', () =>
    withSecretPlaces(async (places) => {
      await openAuditKey(places);
      await chmod(join(places.dataDir, 'keys', 'audit-key'), 0o644);
      await assert.rejects(openAuditKey(places), (error: unknown) =>
        isRollcallError(error, 'credential-exposed'),
      );
    }));
});

describe('the keys of the audit log', () => {
  const bytesOf = (keys: readonly Uint8Array[]) => keys.map((key) => new Uint8Array(key));

  test('are the one in use and the former ones, which a restore adds once and the next start finds', () =>
    withSecretPlaces(async (places) => {
      await putSecret(places.secretsDirectory, 'audit-key', auditKeyOf(2));
      const first = await AuditKeyRing.open(places);
      assert.deepEqual([bytesOf(first.all), first.former.length], [[auditKeyOf(2)], 0]);
      await first.adopt([auditKeyOf(2)]);
      const former = join(places.dataDir, 'keys', 'audit-key-former');
      await assert.rejects(stat(former), { code: 'ENOENT' }, 'there is nothing to keep');
      await first.adopt([auditKeyOf(2), auditKeyOf(3)]);
      await first.adopt([auditKeyOf(3), auditKeyOf(4)]);
      const expected = [auditKeyOf(2), auditKeyOf(3), auditKeyOf(4)];
      assert.deepEqual(bytesOf(first.all), expected);

      const second = await AuditKeyRing.open(places);
      assert.deepEqual([bytesOf(second.all), second.isNew], [expected, false]);
      assert.deepEqual(bytesOf(second.former), expected.slice(1));
    }));

  test('are wiped when they are no longer needed', () =>
    withSecretPlaces(async (places) => {
      const ring = await AuditKeyRing.open(places);
      await ring.adopt([auditKeyOf(3)]);
      const { all } = ring;
      ring[Symbol.dispose]();
      for (const key of all) assert.ok(key.every((byte) => byte === 0));
    }));
});
