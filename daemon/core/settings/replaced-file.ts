import { link, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { explainAccess } from '../../host/file-access.js';
import { replaceOwnSecret } from '../../host/own-secret.js';
import { syncDirectory } from '../../host/sync-directory.js';
import { messageOf } from '../../kernel/errors.js';
import { failure } from '../../words/errors.js';

/** A file of the box that was replaced, until it is decided which one stays. */
export interface ReplacedFile {
  /** Puts the former file back. Needs no space on the disk. */
  undo(): Promise<void>;
}

/**
 * Writes a file with settings of the box, or deletes it (`undefined`). Whole after a power cut; the former one stays beside it
 * as `.former`.
 * @throws `key-file-not-written`, `key-file-not-moved`, `own-file-not-changed`
 */
export async function replaceOwnFile(path: string, text: string | undefined): Promise<ReplacedFile> {
  const former = `${path}.former`;
  const hasFormer = await keepAs(path, former);
  if (text === undefined) await guarded(path, () => rm(path, { force: true }));
  else await replaceOwnSecret(path, Buffer.from(text));
  syncDirectory(dirname(path));
  return {
    undo: () =>
      guarded(path, async () => {
        if (hasFormer) await rename(former, path);
        else await rm(path, { force: true });
        syncDirectory(dirname(path));
      }),
  };
}

async function keepAs(path: string, former: string): Promise<boolean> {
  return guarded(path, async () => {
    await rm(former, { force: true });
    try {
      await link(path, former);
      return true;
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
  });
}

export const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && error.code === 'ENOENT';

async function guarded<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const access = explainAccess(path, 'written', cause);
    throw failure(
      'own-file-not-changed',
      { path, reason: access?.reason ?? messageOf(cause) },
      { remedy: access?.remedy ?? 'Check that the disk is healthy.', details: { path }, cause },
    );
  }
}
