import { type FileHandle, open, rm } from 'node:fs/promises';
import { badInput, messageOf } from '../base/errors.js';

/** A new file that only its owner may read. It is deleted when it is disposed of, unless it was kept. */
export interface PrivateFile extends AsyncDisposable {
  write(bytes: Uint8Array): Promise<void>;
  /** Brings everything to the disk and lets the file stay. */
  keep(): Promise<void>;
}

/**
 * Makes a file of mode 0600; what lies there already is never overwritten.
 * @throws `output-exists`, `output-unwritable` (input)
 */
export async function createPrivateFile(path: string): Promise<PrivateFile> {
  const handle = await openNew(path);
  let isKept = false;
  const guarded = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      throw unwritable(path, error);
    }
  };
  return {
    write: (bytes) => guarded(() => handle.writeFile(bytes)),
    keep: () =>
      guarded(async () => {
        await handle.sync();
        isKept = true;
      }),
    [Symbol.asyncDispose]: async () => {
      await handle.close();
      if (!isKept) await rm(path, { force: true });
    },
  };
}

async function openNew(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** What keeps a file or folder from being written. */
export function unwritable(path: string, error: unknown) {
  if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
    return badInput('output-exists', `${path} is there already and is not overwritten`, {
      remedy: 'give a path where nothing lies yet',
      cause: error,
    });
  }
  return badInput('output-unwritable', `cannot write ${path}: ${messageOf(error)}`, {
    remedy: 'check the folder, its permissions and the free space',
    cause: error,
  });
}
