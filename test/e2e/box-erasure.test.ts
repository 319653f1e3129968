import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeBox, type TestBox, withoutBuild } from '../support/box.js';

/** A box that ran and was stopped, and its public keys in a file. */
async function stoppedBox(): Promise<TestBox & { readonly keys: string }> {
  const box = await makeBox();
  await box.start();
  const keys = join(box.directory, 'keys.json');
  await writeFile(keys, (await box.command('identity', 'show', '--jwks')).stdout);
  await box.stop();
  return Object.assign(box, { keys });
}

const erase = (box: TestBox, path: string, ...options: readonly string[]) =>
  box.command('box', 'erase', path, ...options);

const hasData = ({ directory }: TestBox): boolean => existsSync(join(directory, 'data', 'gallery.db'));

describe('the erasure of a box', { skip: withoutBuild }, () => {
  test('leaves nothing but a certificate that its keys prove, and erases nothing where it is refused', async () => {
    await using box = await stoppedBox();
    const path = join(box.directory, 'erased.json');
    const refusedBy = async (code: string, at: string, ...options: readonly string[]) => {
      const { exitCode, stderr } = await erase(box, at, ...options);
      assert.notEqual(exitCode, 0);
      assert.match(stderr, new RegExp(`\\b${code}\\b`));
      assert.ok(hasData(box));
    };
    await refusedBy('use --yes', path);
    await refusedBy(
      'the certificate would be erased with it',
      join(box.directory, 'data', 'e.json'),
      '--yes',
    );
    await refusedBy('exists', box.keys, '--yes');
    await box.start();
    await refusedBy('rollcalld is running', path, '--yes');
    await box.stop();
    const key = join(box.directory, 'data', 'keys', 'box-key');
    await rename(key, `${key}-away`);
    await refusedBy('nothing was erased', path, '--yes');
    await rename(`${key}-away`, key);
    assert.ok(!existsSync(path), 'a certificate of nothing');

    const { exitCode, stdout, stderr } = await erase(box, path, '--yes');
    assert.deepEqual(
      [exitCode, stdout],
      [0, `Everything is erased. The certificate is in ${path}.\n`],
      stderr,
    );
    assert.deepEqual(await readdir(join(box.directory, 'data')), []);
    assert.deepEqual(await readdir(join(box.directory, 'secrets')), []);
    const text = await readFile(path, 'utf8');
    const { document, site, box: name, erased, keys, auditLog } = JSON.parse(text);
    assert.deepEqual([document, site, name], ['rollcall.box.erased.v1', 'test-site', 'test-box']);
    assert.deepEqual([erased.persons, erased.photos], [0, 0]);
    assert.ok(erased.events > 0 && auditLog.sequence > 0 && /^[0-9a-f]{64}$/.test(auditLog.hash), text);
    assert.ok(
      ['box-key', 'gallery-key'].every((each) => keys.includes(each)),
      text,
    );

    const verified = await box.command('events', 'verify', path, '--keys', box.keys);
    assert.deepEqual([verified.exitCode, verified.stderr], [0, '']);
    assert.match(verified.stdout, /^1: valid {2}\/test-site\/test-box/);
    const changed = join(box.directory, 'changed.json');
    await writeFile(changed, text.replace('"persons":0', '"persons":1'));
    const refused = await box.command('events', 'verify', changed, '--keys', box.keys);
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stdout, /bad-signature/);
  });

  test('also erases what is damaged, and does not claim to know what was there', async () => {
    await using box = await stoppedBox();
    await writeFile(join(box.directory, 'data', 'gallery.db'), 'no database');
    const path = join(box.directory, 'erased.json');
    assert.equal((await erase(box, path, '--yes')).exitCode, 0);
    const { erased, auditLog } = JSON.parse(await readFile(path, 'utf8'));
    assert.deepEqual([erased.persons, auditLog, hasData(box)], [undefined, undefined, false]);
    assert.ok(erased.events > 0);
  });
});
