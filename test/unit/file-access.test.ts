import assert from 'node:assert/strict';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { onFile } from '../../daemon/core/backups/backup-errors.js';
import { openCredential } from '../../daemon/host/credentials.js';
import { explainAccess, type FileUser } from '../../daemon/host/file-access.js';
import { openCredentialIfPresent } from '../../daemon/host/own-secret.js';
import { isRollcallError, type RollcallError } from '../../daemon/kernel/errors.js';
import { temporaryDirectory } from '../support/temporary-directory.js';

const service: FileUser = { user: { uid: 998, name: 'rollcall' }, isService: true };
const officer: FileUser = { user: { uid: 1000, name: 'anna' }, isService: false };

const systemError = (code: string): Error => Object.assign(new Error(code), { code, syscall: 'open' });

async function errorOf(work: () => Promise<unknown>): Promise<RollcallError> {
  try {
    await work();
  } catch (error) {
    if (isRollcallError(error)) return error;
    throw error;
  }
  throw new Error('the work did not fail');
}

describe('the reason why a process cannot use a file', () => {
  test('names the user and the sandbox of the service, not the user who reads the message', async () => {
    await using directory = await temporaryDirectory();
    const explain = (path: string, code: string, who = service) =>
      explainAccess(path, 'written', systemError(code), 'chosen', who);
    const backups = join('/', 'opt', 'a.rcb');
    assert.match(explain(backups, 'EROFS')?.reason ?? '', /^\/opt is read-only for the service$/);
    assert.match(
      explain(backups, 'EROFS')?.remedy ?? '',
      /^Add ReadWritePaths=\/opt to the unit .* let rollcall write there\.$/,
    );
    assert.match(explain('/home/anna/a.rcb', 'EACCES')?.remedy ?? '', /Choose a directory outside \/home/);
    assert.match(explain('/tmp/a.rcb', 'ENOENT')?.remedy ?? '', /Choose a directory outside \/tmp/);
    assert.match(
      explain('/opt/a.rcb', 'EACCES')?.reason ?? '',
      /^the user "rollcall" \(uid 998\) may not write to \/opt$/,
    );
    const inDirectory = join(directory.path, 'a.rcb');
    assert.match(
      explain(inDirectory, 'EACCES', officer)?.reason ?? '',
      /^the user "anna" \(uid 1000\) may not write to /,
    );
    const missing = explain(join(directory.path, 'mnt', 'usb', 'a.rcb'), 'ENOENT', officer);
    assert.equal(missing?.reason, `the directory ${join(directory.path, 'mnt')} does not exist`);
    assert.equal(explain('/dev/null/a', 'ENOTDIR')?.reason, 'the directory /dev/null does not exist');
    assert.equal(explain(inDirectory, 'EIO'), undefined);
    const own = explainAccess(inDirectory, 'written', systemError('EACCES'), 'own', officer);
    assert.equal(
      own?.remedy,
      `Make that user the owner of the directory: 'chown -R anna: ${directory.path}'.`,
    );
  });

  const asRoot = process.getuid?.() === 0 && 'root may read and write everything';
  test('is in the message of a backup that cannot be written', { skip: asRoot }, async () => {
    await using directory = await temporaryDirectory();
    await chmod(directory.path, 0o500);
    const path = join(directory.path, 'a.rcb');
    const error = await errorOf(() => onFile('written', path, () => writeFile(path, '')));
    const said = new RegExp(
      `a\\.rcb could not be written: the user .*${process.getuid?.()}.* may not write to `,
    );
    assert.match(error.message, said);
    assert.match(error.remedy ?? '', /^Choose a directory of that user, or create one: install -d /);
  });

  test('names the directory that the user may not enter, and no file in it', { skip: asRoot }, async () => {
    await using directory = await temporaryDirectory();
    const secrets = join(directory.path, 'secrets');
    await mkdir(secrets, { mode: 0o000 });
    const places = { credentialsDirectory: '', secretsDirectory: secrets, dataDir: directory.path };
    const error = await errorOf(() => openCredentialIfPresent('audit-key-former', places));
    assert.equal(error.code, 'credential-unreadable');
    assert.match(error.message, /may not enter .*\/secrets$/);
    assert.match(error.remedy ?? '', /chown -R .*\/secrets; otherwise run this command as root\.$/);
    await chmod(secrets, 0o700);
    const gone = await openCredentialIfPresent('audit-key-former', places);
    assert.equal(gone, undefined, 'an absent optional secret is not an error');
    const missing = await errorOf(() => openCredential('camera', places));
    assert.equal(missing.code, 'credential-missing');
  });
});
