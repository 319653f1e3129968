import assert from 'node:assert/strict';
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { openCredential } from '../../daemon/host/credentials.js';
import { createKeyFile } from '../../daemon/host/key-file.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';

const isRoot = process.getuid?.() === 0;
const secret = 'admin:hunter2';

describe('secrets', () => {
  let directory = '';
  let secrets = '';
  let handed = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rollcall-secrets-'));
    secrets = join(directory, 'secrets');
    handed = join(directory, 'handed');
    await mkdir(secrets, { mode: 0o700 });
    await mkdir(handed, { mode: 0o700 });
  });
  after(() => rm(directory, { recursive: true, force: true }));

  async function store(name: string, content: string | Buffer, mode = 0o600): Promise<string> {
    const path = join(secrets, name);
    await writeFile(path, content);
    await chmod(path, mode);
    return path;
  }

  /** Asserts that the secret is refused with `code` and that the error does not quote its content. */
  async function refused(name: string, code: string, credentialsDirectory = ''): Promise<void> {
    await assert.rejects(
      openCredential(name, { credentialsDirectory, secretsDirectory: secrets }),
      (error: unknown) => {
        assert.ok(isRollcallError(error, code), String(error));
        assert.ok(!`${error.message} ${error.remedy} ${JSON.stringify(error.details)}`.includes('hunter2'));
        return true;
      },
    );
  }

  const read = (name: string, credentialsDirectory = ''): Promise<Buffer> =>
    openCredential(name, { credentialsDirectory, secretsDirectory: secrets });

  test('are read from the secrets directory byte for byte', async () => {
    await store('camera', `${secret}\n`);
    assert.equal((await read('camera')).toString(), `${secret}\n`);
    const binary = Buffer.from(Array.from({ length: 32 }, (_, index) => index * 8));
    await store('key', binary, 0o400);
    assert.deepEqual(await read('key'), binary);
  });

  test('from systemd take precedence, with any file mode', async () => {
    await writeFile(join(handed, 'camera'), 'from systemd');
    await chmod(join(handed, 'camera'), 0o440);
    assert.equal((await read('camera', handed)).toString(), 'from systemd');
    await store('only-here', 'from the file');
    assert.equal((await read('only-here', handed)).toString(), 'from the file');
  });

  test('are found through $CREDENTIALS_DIRECTORY', async () => {
    await writeFile(join(handed, 'environment'), 'yes');
    process.env['CREDENTIALS_DIRECTORY'] = handed;
    try {
      const bytes = await openCredential('environment', { secretsDirectory: secrets });
      assert.equal(bytes.toString(), 'yes');
    } finally {
      delete process.env['CREDENTIALS_DIRECTORY'];
    }
  });

  test('are refused if other users can read them', async () => {
    await store('group', secret, 0o640);
    await refused('group', 'credential-exposed');
    await store('world', secret, 0o604);
    await refused('world', 'credential-exposed');
    await symlink(join(secrets, 'world'), join(secrets, 'link'));
    await refused('link', 'credential-exposed');
  });

  test('are refused in a directory that other users can write to', async () => {
    await store('camera', secret);
    await chmod(secrets, 0o770);
    try {
      await refused('camera', 'credential-exposed');
    } finally {
      await chmod(secrets, 0o700);
    }
  });

  test('are refused if they belong to another user', {
    skip: isRoot ? false : 'giving a file away needs root',
  }, async () => {
    await chown(await store('foreign', secret), 65_534, 65_534);
    await refused('foreign', 'credential-exposed');
  });

  test('are refused if they are missing, empty, huge or not a file', async () => {
    await refused('absent', 'credential-missing');
    await refused('absent', 'credential-missing', join(directory, 'no-such-directory'));
    await store('empty', '');
    await refused('empty', 'credential-empty');
    await store('huge', Buffer.alloc((1 << 20) + 1));
    await refused('huge', 'credential-too-large');
    await mkdir(join(secrets, 'folder'));
    await refused('folder', 'credential-unreadable');
  });

  test('are never read from outside their directory', async () => {
    await writeFile(join(directory, 'outside'), secret, { mode: 0o600 });
    for (const name of [
      '../outside',
      '/etc/passwd',
      '.',
      '..',
      '',
      'a/b',
      '.hidden',
      'a\0b',
      'x'.repeat(300),
    ]) {
      await refused(name, 'credential-name');
    }
  });
});

describe('a key file', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'rollcall-key-'));
  });
  after(() => rm(directory, { recursive: true, force: true }));

  test('is readable by its owner only, as is its new directory, and can be opened as a secret', async () => {
    const secretsDirectory = join(directory, 'etc', 'secrets');
    const path = join(secretsDirectory, 'gallery-key');
    const key = Buffer.alloc(32, 7);
    await createKeyFile(path, key);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
    assert.equal((await stat(secretsDirectory)).mode & 0o777, 0o700);
    assert.deepEqual(
      await openCredential('gallery-key', { credentialsDirectory: '', secretsDirectory }),
      key,
    );
  });

  test('never replaces an existing file', async () => {
    const path = join(directory, 'kept');
    await createKeyFile(path, Buffer.from('first'));
    await assert.rejects(createKeyFile(path, Buffer.from('second')), (error) =>
      isRollcallError(error, 'key-file-exists'),
    );
    assert.equal(await readFile(path, 'utf8'), 'first');
  });

  test('has its own error if it cannot be written', async () => {
    await writeFile(join(directory, 'file'), '');
    await assert.rejects(createKeyFile(join(directory, 'file', 'key'), Buffer.alloc(32)), (error) =>
      isRollcallError(error, 'key-file-not-written'),
    );
  });
});
