import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { badInput, messageOf, operational } from '../base/errors.js';
import { explainAccess } from './file-access.js';

/**
 * Writes a new secret file that only this user can read and that survives a power cut once this returns. The
 * directory is made (mode 0700) where it is missing. An existing file is never touched: overwriting a key
 * loses everything sealed with it.
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
    await syncDirectory(directory);
  } catch (error) {
    const isSystemError = error instanceof Error && 'code' in error && 'syscall' in error;
    // A directory that cannot be made because a file has its name reports EEXIST, too.
    if (isSystemError && error.code === 'EEXIST' && error.syscall === 'open') {
      throw badInput('key-file-exists', `${path} exists already`, {
        remedy: 'use the existing key, or move it away if nothing sealed with it is needed any more',
        details: { path },
      });
    }
    if (file !== undefined) {
      // A key that may be cut short must not be found by the next start.
      await file.close();
      await rm(path, { force: true });
    }
    const access = explainAccess(path, 'written', error);
    throw operational(
      'key-file-not-written',
      `${path} could not be written: ${access?.says ?? messageOf(error)}`,
      {
        remedy: access?.remedy ?? 'check that the disk is not full and in order',
        details: { path },
        cause: error,
      },
    );
  }
}

/** What the system says to a process that may not change a directory. */
const notPermitted = new Set<unknown>(['EACCES', 'EPERM', 'EROFS']);

/**
 * Gives the secret file `from` the name `to` of the same directory, in place of what is there, so that it survives a
 * power cut once this returns. Tells whether this process may do that.
 * @throws `key-file-not-moved`
 */
export async function moveKeyFile(from: string, to: string): Promise<'moved' | 'not-permitted'> {
  try {
    await rename(from, to);
    await syncDirectory(dirname(to));
    return 'moved';
  } catch (error) {
    if (error instanceof Error && 'code' in error && notPermitted.has(error.code)) return 'not-permitted';
    throw operational('key-file-not-moved', `${from} could not be moved to ${to}: ${messageOf(error)}`, {
      remedy: `move it by hand, or check the disk that holds ${dirname(to)}`,
      details: { from, to },
      cause: error,
    });
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
