import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { present } from '../../kernel/present.js';
import { verifyPages } from '../gallery/verify/verify-pages.js';
import type { OnBackupProgress } from './backup-progress.js';
import { readDatabaseFacts } from './database-facts.js';
import type { BackupFacts } from './open-backup.js';
import type { Unlock } from './recipient.js';
import { refuseContent } from './restore-errors.js';
import { assertKeysOpen } from './restore-rewrap.js';
import { openRestoreSource } from './restore-source.js';

/**
 * Verifies a backup without a box: every byte of the container, every page of the database, its counts, and that its keys open
 * it. Unpacks the database (its fields stay sealed) into a new private directory below `workDirectory` and deletes it again.
 * @throws the errors of `openRestoreSource`, and `backup-unusable`
 */
export async function examineBackup(
  path: string,
  unlock: Unlock,
  workDirectory: string,
  { onProgress, signal }: { readonly onProgress?: OnBackupProgress; readonly signal?: AbortSignal } = {},
): Promise<BackupFacts> {
  const directory = await mkdtemp(join(workDirectory, 'rollcall-backup-'));
  try {
    await using source = await openRestoreSource({
      path,
      unlock,
      galleryPath: join(directory, 'gallery.db'),
      ...present({ onProgress, signal }),
    });
    const { db } = source.database;
    // In another process: the daemon, too, verifies backups, and SQLite's check blocks its thread.
    const damages = await verifyPages(source.database.path, signal ?? new AbortController().signal);
    if (damages.length > 0) throw refuseContent(path, 'its database is damaged');
    const { counts } = readDatabaseFacts(db);
    for (const [name, count] of Object.entries(source.facts.manifest.counts)) {
      if (counts[name] !== undefined && counts[name] !== count)
        throw refuseContent(path, `its manifest names ${count} ${name}, but it has ${counts[name]}`);
    }
    assertKeysOpen(source);
    return source.facts;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
