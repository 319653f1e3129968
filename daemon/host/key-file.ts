import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { messageOf } from '../kernel/errors.js';
import { failure, refusal } from '../words/errors.js';
import { explainAccess } from './file-access.js';
import { syncDirectory } from './sync-directory.js';

/**
 * Writes a new secret file that only this user can read. Once this returns, the file survives a power cut. Creates a missing
 * directory with mode 0700. Never touches an existing file: overwriting a key loses everything that is sealed with it.
 * @throws `key-file-exists`, `key-file-not-written`
 */
export async function createKeyFile(path: string, bytes: Uint8Array): Promise<void> {
  const directory = dirname(path);
  let file: FileHandle | undefined;
  try {
    await mkdir(dirname(directory), { recursive: true });
    await mkdir(directory, { recursive: true, mode: 0o700 });
    file = await open(path, 'wx', 0o600);
    await file.writeFile(bytes);
    await file.sync();
    await file.close();
    syncDirectory(directory);
  } catch (error) {
    const isSystemError = error instanceof Error && 'code' in error && 'syscall' in error;
    // `mkdir` also reports EEXIST, where a file has the name of the directory.
    if (isSystemError && error.code === 'EEXIST' && error.syscall === 'open') {
      throw refusal('key-file-exists', { path }, { details: { path } });
    }
    if (file !== undefined) {
      // Removes a key that may be incomplete: the next start must not use it.
      await file.close();
      await rm(path, { force: true });
    }
    const access = explainAccess(path, 'written', error);
    throw failure(
      'key-file-not-written',
      { path, reason: access?.reason ?? messageOf(error) },
      {
        remedy: access?.remedy ?? 'Check that the disk is healthy and not full.',
        details: { path },
        cause: error,
      },
    );
  }
}

/** Error codes for a process that may not change a directory. */
const notPermitted = new Set<unknown>(['EACCES', 'EPERM', 'EROFS']);

/**
 * Renames the secret file `from` to `to` in the same directory and replaces what is there. Once this returns, the new name
 * survives a power cut. Returns `not-permitted` where this process may not do that.
 * @throws `key-file-not-moved`
 */
export async function moveKeyFile(from: string, to: string): Promise<'moved' | 'not-permitted'> {
  try {
    await rename(from, to);
    syncDirectory(dirname(to));
    return 'moved';
  } catch (error) {
    if (error instanceof Error && 'code' in error && notPermitted.has(error.code)) return 'not-permitted';
    throw failure(
      'key-file-not-moved',
      { from, to, reason: messageOf(error), folder: dirname(to) },
      { details: { from, to }, cause: error },
    );
  }
}
