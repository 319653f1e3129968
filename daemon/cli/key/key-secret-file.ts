import { lchown, lstat, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { keyIdOf } from '../../core/gallery/keys/key-id.js';
import { createKeyFile, moveKeyFile } from '../../host/key-file.js';
import { KEY_BYTES, newRandomBytes, wipe } from '../../host/sodium.js';
import { isRollcallError, messageOf, operational } from '../../kernel/errors.js';

/** The files of the provider `secret`: the current key, and the next key during a rotation. */
export interface SecretFiles {
  readonly path: string;
  readonly nextPath: string;
}

export function secretFiles(secretsDir: string, name: string): SecretFiles {
  return { path: join(secretsDir, name), nextPath: join(secretsDir, `${name}.next`) };
}

/** Creates a file with a new random key. Never overwrites a file. @throws `key-file-exists`, `key-file-not-written` */
export async function makeSecretFile(path: string): Promise<void> {
  const bytes = newRandomBytes(KEY_BYTES);
  try {
    await createKeyFile(path, bytes);
  } finally {
    wipe(bytes);
  }
}

/** Creates the file if it does not exist, and gives it to the owner of `like`, so that the daemon can read it. */
export async function ensureSecretFile(path: string, like: string): Promise<void> {
  try {
    await makeSecretFile(path);
  } catch (error) {
    // An interrupted run of this command has left the file.
    if (!isRollcallError(error, 'key-file-exists')) throw error;
  }
  await giveToOwnerOf(like, path);
}

/**
 * The owner of the folder may have put a link in the place of the file, which is not followed: root would give the file that it leads to
 * away. @throws `key-file-not-written`
 */
export async function giveToOwnerOf(like: string, path: string): Promise<void> {
  try {
    const [wanted, found] = await Promise.all([stat(like), lstat(path)]);
    if (wanted.uid !== found.uid || wanted.gid !== found.gid) await lchown(path, wanted.uid, wanted.gid);
  } catch (error) {
    throw operational(
      'key-file-not-written',
      `cannot give ${path} to the owner of ${like}: ${messageOf(error)}`,
      {
        remedy: 'Run this command as root, or as the user of rollcalld.',
        details: { path },
        cause: error,
      },
    );
  }
}

/** The public id of the key in the file. Undefined if the file does not exist or has the wrong size. @throws `key-file-unreadable` */
export async function idOfSecretFile(path: string): Promise<string | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw operational('key-file-unreadable', `cannot read ${path}: ${messageOf(error)}`, {
      remedy: 'Run this command as root, or as the user of rollcalld.',
      details: { path },
      cause: error,
    });
  }
  const id = bytes.length === KEY_BYTES ? keyIdOf(bytes) : undefined;
  wipe(bytes);
  return id;
}

/**
 * Moves the next key into place after a rotation, unless the daemon has done so. Returns false if the current key is in
 * neither file. @throws `key-file-not-moved`
 */
export async function settleSecretFiles({ path, nextPath }: SecretFiles, keyId: string): Promise<boolean> {
  if ((await idOfSecretFile(path)) === keyId) return true;
  if ((await idOfSecretFile(nextPath)) !== keyId) return false;
  // Without a file at `path`, the key comes as a credential, which takes precedence over a file.
  if ((await idOfSecretFile(path)) === undefined) return false;
  if ((await moveKeyFile(nextPath, path)) === 'moved') return true;
  throw operational('key-file-not-moved', `no permission to move ${nextPath} to ${path}`, {
    remedy: `As root, run: mv ${nextPath} ${path}. The file has the current key; your user may not write to ${dirname(path)}.`,
    details: { from: nextPath, to: path },
  });
}
