import { statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { OpenDatabase } from '../../host/sqlite.js';
import { explainSqliteError } from '../../host/sqlite-errors.js';
import { isRollcallError } from '../../kernel/errors.js';

/** Larger files are not rewritten: that blocks the event loop, for some tenths of a second at this size. */
const largestRewrittenBytes = 64 * 1024 * 1024;

/**
 * Writes everything into the database and empties the write-ahead log, which until then still holds deleted data. False if
 * another reader still needs the log.
 */
export function emptyWriteAheadLog({ db, path }: OpenDatabase): boolean {
  try {
    return db.pragma('wal_checkpoint(TRUNCATE)', { simple: true }) === 0;
  } catch (error) {
    throw explainSqliteError(error, path);
  }
}

/** True if the process that had the file open before left a write-ahead log: it was ended in the middle of its work. */
export function wasNotClosedCleanly(path: string): boolean {
  return (statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/**
 * Empties the write-ahead log, as `emptyWriteAheadLog`, and first rewrites the file if it is small. SQLite overwrites what it
 * deletes (`secure_delete`), but not always the copies in the unused parts of other pages, from which it once moved rows to make
 * room; only rewriting removes these. Where that cannot be done now (no room, a damaged page, another program), the deletion is not
 * held up: the next one tries again, and so does the nightly run of retention.
 *
 * A large file keeps such copies, but not the data keys of deleted persons, strangers, pictures of events, and days of passages: of
 * rows of equal length, as data keys are, no copies stay.
 */
export function forgetDeleted(database: OpenDatabase, largestBytes = largestRewrittenBytes): boolean {
  if (canBeRewritten(database, largestBytes)) rewrite(database);
  return emptyWriteAheadLog(database);
}

function canBeRewritten({ db, path, read }: OpenDatabase, largestBytes: number): boolean {
  const pragma = (name: string): number => Number(db.pragma(name, { simple: true }));
  const bytes = read(() => pragma('page_count') * pragma('page_size'));
  // The log takes the whole file once more. The rest of the box needs room, too.
  const { bavail, bsize } = statfsSync(dirname(path));
  if (bytes > largestBytes || bavail * bsize < 2 * bytes) return false;
  // While another program holds the log, each rewriting would add the whole file to it.
  const [state] = read(() => db.pragma('wal_checkpoint(PASSIVE)')) as readonly WalState[];
  return state?.busy === 0 && state.checkpointed === state.log;
}

interface WalState {
  readonly busy: number;
  /** Pages in the log, and how many of them are in the database, too. */
  readonly log: number;
  readonly checkpointed: number;
}

function rewrite({ db, path }: OpenDatabase): void {
  try {
    db.exec('VACUUM');
  } catch (error) {
    if (!isRollcallError(explainSqliteError(error, path))) throw error;
  }
}
