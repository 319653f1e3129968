import type { OpenDatabase } from '../host/sqlite.js';
import { explainSqliteError } from '../host/sqlite-errors.js';

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
