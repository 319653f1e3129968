import { type FileHandle, open, rm } from 'node:fs/promises';
import { messageOf } from '../kernel/errors.js';
import { refusal } from '../words/errors.js';

/** A new file that only its owner may read. Disposal deletes it, unless `keep` was called. */
interface PrivateFile extends AsyncDisposable {
  /** For a file that is written in parts. */
  write(bytes: Uint8Array): Promise<void>;
  /** Writes the last bytes, syncs the file to disk, and keeps it. */
  keep(last?: Uint8Array): Promise<void>;
}

/**
 * Creates a file with mode 0600. Never overwrites an existing file.
 * @throws `output-exists`, `output-unwritable` (input)
 */
export async function createPrivateFile(path: string): Promise<PrivateFile> {
  const handle = await openNew(path);
  let isKept = false;
  const guarded = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      throw outputError(path, error);
    }
  };
  return {
    write: (bytes) => guarded(() => handle.writeFile(bytes)),
    keep: (last = new Uint8Array()) =>
      guarded(async () => {
        await handle.writeFile(last);
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
    throw outputError(path, error);
  }
}

/** The error for a file or folder that cannot be written. */
export function outputError(path: string, error: unknown) {
  if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
    return refusal('output-exists', { path }, { cause: error });
  }
  return refusal('output-unwritable', { path, reason: messageOf(error) }, { cause: error });
}
