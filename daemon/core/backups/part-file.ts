import { type FileHandle, link, lstat, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { refusal } from '../../words/errors.js';
import { onFile, refuseExisting, systemCode } from './backup-errors.js';

/** A file that is being written. It gets its final name only when it is whole. */
export interface PartFile {
  /** `TARGET.part`. */
  readonly path: string;
  /** Appends all of `bytes`. @throws `disk-full`, `backup-not-written` */
  append(bytes: Uint8Array): Promise<void>;
  /** Syncs the file to the disk and closes it. */
  finish(): Promise<void>;
  /** Gives the finished file its final name and syncs the directory. @throws `backup-exists` */
  place(): Promise<void>;
  /** Closes the file and deletes it, unless it was placed. */
  discard(): Promise<void>;
}

/**
 * Begins `TARGET.part`, mode 0600.
 * @throws `backup-exists`, `backup-in-progress`, `disk-full`, `backup-not-written`
 */
export async function openPartFile(target: string): Promise<PartFile> {
  const path = `${target}.part`;
  const file = await create(target, path);
  let isOpen = true;
  let isPlaced = false;
  const close = async (): Promise<void> => {
    if (!isOpen) return;
    isOpen = false;
    await file.close();
  };
  return {
    path,
    append: (bytes) => onFile('written', target, () => writeAll(file, bytes)),
    finish: () =>
      onFile('written', target, async () => {
        await file.sync();
        await close();
      }),
    place: () =>
      onFile('written', target, async () => {
        await giveName(path, target);
        isPlaced = true;
        try {
          await syncTargetDirectory(dirname(target));
        } catch (error) {
          // A name that may be lost in a power cut is not reliable: after an error there is no backup.
          await rm(target);
          throw error;
        }
      }),
    async discard() {
      await close();
      if (!isPlaced) await rm(path, { force: true });
    },
  };
}

async function create(target: string, path: string): Promise<FileHandle> {
  return onFile('written', target, async () => {
    if (await exists(target)) throw refuseExisting(target);
    try {
      return await open(path, 'wx', 0o600);
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
      throw refusal('backup-in-progress', { path }, { details: { path } });
    }
  });
}

/** A call may write only a part; on a full disk the next call gives the error. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, offset, bytes.length - offset);
    offset += bytesWritten;
  }
}

/** Errors of file systems without hard links (FAT on a USB stick, some network shares). */
const noLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/**
 * Links, because a rename would replace a file that was created meanwhile. Without hard links, it renames: then a file that is
 * created between the check and the rename is lost.
 */
async function giveName(path: string, target: string): Promise<void> {
  try {
    await link(path, target);
  } catch (error) {
    const code = systemCode(error) ?? '';
    if (code !== 'EEXIST' && !noLinks.has(code)) throw error;
    if (await exists(target)) throw refuseExisting(target);
    await rename(path, target);
    return;
  }
  await rm(path);
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false;
    throw error;
  }
}

/** Does not block the core while it waits: the target may be a slow disk or a network share. */
async function syncTargetDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } catch (error) {
    // Some network shares cannot sync a directory. Their backup is kept without it.
    if (systemCode(error) !== 'EINVAL' && systemCode(error) !== 'ENOTSUP') throw error;
  } finally {
    await directory.close();
  }
}
