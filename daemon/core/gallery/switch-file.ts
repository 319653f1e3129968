import { existsSync, linkSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { databaseLogs } from '../../host/sqlite.js';
import { syncDirectory } from '../../host/sync-directory.js';
import { failure } from '../../words/errors.js';
import { lockGallery } from './gallery-lock.js';

export interface FileSwitch {
  /** The new file: whole, closed and on the disk, without a write-ahead log. */
  readonly from: string;
  /** Path of the gallery, which must not be open. */
  readonly to: string;
  /** Keeps the old file under this name; absent: deletes it. */
  readonly keepAs?: string;
}

/**
 * Replaces one gallery file with another. After a crash or a power cut, either the old or the new file is in place.
 * @throws `gallery-in-use`, `gallery-log-left`
 */
export function switchGalleryFile({ from, to, keepAs }: FileSwitch): void {
  const lock = lockGallery(to);
  try {
    if (keepAs === undefined) assertNoLog(to);
    else keep(to, keepAs);
    // SQLite would apply the log of the old file to the new one.
    for (const suffix of databaseLogs) rmSync(`${to}${suffix}`, { force: true });
    syncDirectory(dirname(to));
    renameSync(from, to);
    syncDirectory(dirname(to));
  } finally {
    lock[Symbol.dispose]();
  }
}

/** Links instead of renaming, so that there is a gallery file at every moment. */
function keep(path: string, keepAs: string): void {
  if (existsSync(path)) linkSync(path, keepAs);
  if (existsSync(`${path}-wal`)) renameSync(`${path}-wal`, `${keepAs}-wal`);
}

function assertNoLog(path: string): void {
  const log = `${path}-wal`;
  if (!existsSync(log) || statSync(log).size === 0) return;
  throw failure('gallery-log-left', { log }, { details: { path: log }, retryable: true });
}
