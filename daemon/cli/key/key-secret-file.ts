import { chown, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isRollcallError, messageOf, operational } from '../../base/errors.js';
import { keyIdOf } from '../../gallery/keys/key-id.js';
import { createKeyFile, moveKeyFile } from '../../host/key-file.js';
import { KEY_BYTES, newRandomBytes, wipe } from '../../host/sodium.js';

/** The files that the provider `secret` reads: the key, and the one that a rotation goes to. */
export interface SecretFiles {
  readonly path: string;
  readonly nextPath: string;
}

export function secretFiles(secretsDir: string, name: string): SecretFiles {
  return { path: join(secretsDir, name), nextPath: join(secretsDir, `${name}.next`) };
}

/** Makes a new random key; never overwrites one. @throws `key-file-exists`, `key-file-not-written` */
export async function makeSecretFile(path: string): Promise<void> {
  const bytes = newRandomBytes(KEY_BYTES);
  try {
    await createKeyFile(path, bytes);
  } finally {
    wipe(bytes);
  }
}

/** Makes the file where there is none yet, and gives it to the owner of `like`: the daemon must be able to read it. */
export async function ensureSecretFile(path: string, like: string): Promise<void> {
  try {
    await makeSecretFile(path);
  } catch (error) {
    // Left by a run of this command that was broken off.
    if (!isRollcallError(error, 'key-file-exists')) throw error;
  }
  await giveToOwnerOf(like, path);
}

/** @throws `key-file-not-written` */
export async function giveToOwnerOf(like: string, path: string): Promise<void> {
  try {
    const [wanted, found] = await Promise.all([stat(like), stat(path)]);
    if (wanted.uid !== found.uid || wanted.gid !== found.gid) await chown(path, wanted.uid, wanted.gid);
  } catch (error) {
    throw operational(
      'key-file-not-written',
      `${path} could not be given to the owner of ${like}: ${messageOf(error)}`,
      {
        remedy: 'run this as root, or as the user of rollcalld',
        details: { path },
        cause: error,
      },
    );
  }
}

/** Public id of the key in the file; undefined where there is no such file. @throws `key-file-unreadable` */
export async function idOfSecretFile(path: string): Promise<string | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw operational('key-file-unreadable', `${path} cannot be read: ${messageOf(error)}`, {
      remedy: 'run this as root, or as the user of rollcalld',
      details: { path },
      cause: error,
    });
  }
  const id = bytes.length === KEY_BYTES ? keyIdOf(bytes) : undefined;
  wipe(bytes);
  return id;
}

/**
 * Puts the key that a rotation went to in the place of the old one, where the daemon has not done so; false where the key in
 * force is in neither file. @throws `key-file-not-moved`
 */
export async function settleSecretFiles({ path, nextPath }: SecretFiles, keyId: string): Promise<boolean> {
  if ((await idOfSecretFile(path)) === keyId) return true;
  if ((await idOfSecretFile(nextPath)) !== keyId) return false;
  // Without a file of that name the key comes as a credential, which would hide this one.
  if ((await idOfSecretFile(path)) === undefined) return false;
  if ((await moveKeyFile(nextPath, path)) === 'moved') return true;
  throw operational('key-file-not-moved', `${nextPath} may not be moved to ${path}`, {
    remedy: `move it as root: it holds the key in force (the user of this command may not write ${dirname(path)})`,
    details: { from: nextPath, to: path },
  });
}
