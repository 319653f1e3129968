import Database from 'better-sqlite3';
import { operational, type RollcallError } from '../base/errors.js';
import { currentUser, describeUser } from './system-user.js';

interface Explanation {
  readonly code: string;
  readonly says: string;
  readonly remedy: string | (() => string);
  readonly retryable: boolean;
}

/** Told for the user that this process runs as: SQLite does not say which file is the wrong one. */
export function databaseOwnerRemedy(): string {
  const user = describeUser(currentUser());
  return `check that the file, those beside it (-wal, -shm) and its directory belong to the user ${user}, whom this program runs as`;
}

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html) that the world outside can cause. */
const explanations: readonly (readonly [prefix: string, Explanation])[] = [
  [
    'SQLITE_FULL',
    {
      code: 'disk-full',
      says: 'the disk is full',
      remedy: 'free space on the disk that holds it; nothing already recorded is lost',
      retryable: true,
    },
  ],
  [
    'SQLITE_NOTADB',
    {
      code: 'database-damaged',
      says: 'the file is no database, or its beginning is damaged',
      remedy: 'check the path; if it is right, move the file away and restore a backup',
      retryable: false,
    },
  ],
  [
    'SQLITE_CORRUPT',
    {
      code: 'database-damaged',
      says: 'the file is damaged',
      remedy: 'check the disk, move the file away and restore a backup',
      retryable: false,
    },
  ],
  [
    'SQLITE_BUSY',
    {
      code: 'database-busy',
      says: 'another process holds it',
      remedy: 'wait for the other process, or end it',
      retryable: true,
    },
  ],
  [
    'SQLITE_IOERR',
    {
      code: 'disk-failed',
      says: 'the disk could not be read or written',
      remedy: 'check free space and the health of the disk',
      retryable: true,
    },
  ],
  [
    'SQLITE_CANTOPEN',
    {
      code: 'database-not-opened',
      says: 'it cannot be opened',
      remedy: databaseOwnerRemedy,
      retryable: false,
    },
  ],
  [
    'SQLITE_READONLY',
    {
      code: 'database-not-opened',
      says: 'it may not be written',
      remedy: databaseOwnerRemedy,
      retryable: false,
    },
  ],
];

/**
 * What an error from SQLite means: an operational error with a stable code where the world outside caused it;
 * anything else (a wrong statement, a violated constraint, the program's own errors) as it came.
 */
export function explainSqliteError(error: unknown, path: string): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  const found = explanations.find(([prefix]) => error.code.startsWith(prefix));
  if (found === undefined) return error;
  return databaseError(path, found[1], error);
}

function databaseError(
  path: string,
  { code, says, remedy, retryable }: Explanation,
  cause: InstanceType<typeof Database.SqliteError>,
): RollcallError {
  return operational(code, `the database ${path} cannot be used: ${says}`, {
    remedy: typeof remedy === 'string' ? remedy : remedy(),
    retryable,
    details: { path, sqlite: cause.code },
    cause,
  });
}
