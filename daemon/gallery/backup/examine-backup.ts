import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { OnBackupProgress } from './backup-progress.js';
import { readDatabaseFacts } from './database-facts.js';
import type { BackupFacts } from './open-backup.js';
import type { Unlock } from './recipient.js';
import { refuseContent } from './restore-errors.js';
import { assertKeysOpen } from './restore-rewrap.js';
import { openRestoreSource } from './restore-source.js';

/**
 * Verifies a backup as far as that goes without a box: every byte of the container, then the database in it, page by page,
 * its counts, and that its keys open it. The database is unpacked, with every field sealed, into a new private directory
 * below `workDirectory` and removed again.
 * @throws what `openRestoreSource` throws, and `backup-unusable`
 */
export async function examineBackup(
  path: string,
  unlock: Unlock,
  workDirectory: string,
  onProgress?: OnBackupProgress,
): Promise<BackupFacts> {
  const directory = await mkdtemp(join(workDirectory, 'rollcall-backup-'));
  try {
    await using source = await openRestoreSource({
      path,
      unlock,
      galleryPath: join(directory, 'gallery.db'),
      onProgress,
    });
    const { db } = source.database;
    if (db.pragma('integrity_check(1)', { simple: true }) !== 'ok')
      throw refuseContent(path, 'its database is damaged');
    const { counts } = readDatabaseFacts(db);
    for (const [name, count] of Object.entries(source.facts.manifest.counts)) {
      if (counts[name] !== undefined && counts[name] !== count)
        throw refuseContent(path, `it tells of ${count} ${name} and holds ${counts[name]}`);
    }
    assertKeysOpen(source);
    return source.facts;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
