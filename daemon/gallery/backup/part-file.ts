import { type FileHandle, link, lstat, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { badInput } from '../../base/errors.js';
import { onFile, refuseExisting, systemCode } from './backup-errors.js';

/** A file under way: it has its name only once it is whole. */
export interface PartFile {
  /** `TARGET.part`. */
  readonly path: string;
  /** Appends all of `bytes`. @throws `disk-full`, `backup-not-written` */
  append(bytes: Uint8Array): Promise<void>;
  /** Once this returns, what was appended survives a power cut, and the file is closed. */
  finish(): Promise<void>;
  /** Gives the finished file its name, which survives a power cut, too. @throws `backup-exists` */
  place(): Promise<void>;
  /** Closes and removes it; what was placed stays. */
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
          await syncDirectory(dirname(target));
        } catch (error) {
          // After an error there is no backup: a name that the next power cut may take away is none.
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
      throw badInput(
        'backup-in-progress',
        `${path} exists: a backup is being written there, or was cut off`,
        {
          remedy: `if no backup is being written, remove ${path}; it is of no use`,
          details: { path },
        },
      );
    }
  });
}

/** One call may write less than it was given; on a full disk the next one says why. */
async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, offset, bytes.length - offset);
    offset += bytesWritten;
  }
}

/** File systems without hard links (FAT of a USB stick, some network shares) say one of these. */
const noLinks = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);

/**
 * A rename would replace what came to stand there meanwhile; a link never does. Where there are no links, what comes to
 * stand there between look and rename is lost.
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

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } catch (error) {
    // Some network shares cannot; they have no better way either.
    if (systemCode(error) !== 'EINVAL' && systemCode(error) !== 'ENOTSUP') throw error;
  } finally {
    await directory.close();
  }
}
