import { operational, type RollcallError } from '../kernel/errors.js';
import { Sqlite } from './sqlite-driver.js';
import { currentUser, describeUser } from './system-user.js';

interface Explanation {
  readonly code: string;
  readonly reason: string;
  readonly remedy: string | (() => string);
  readonly retryable: boolean;
}

/** Names the user of this process, because SQLite does not say which file has the wrong owner. */
export function databaseOwnerRemedy(): string {
  const user = describeUser(currentUser());
  return `Check that the file, its -wal and -shm files and its directory belong to the user ${user}, who runs this program.`;
}

/** SQLite's primary result codes (https://www.sqlite.org/rescode.html) that the environment can cause. */
const explanations: readonly (readonly [prefix: string, Explanation])[] = [
  [
    'SQLITE_FULL',
    {
      code: 'disk-full',
      reason: 'the disk is full',
      remedy: 'Free space on its disk; all data that is already stored is safe.',
      retryable: true,
    },
  ],
  [
    'SQLITE_NOTADB',
    {
      code: 'database-damaged',
      reason: 'the file is not a database, or its beginning is damaged',
      remedy: 'Check the path; if it is right, move the file away and restore a backup.',
      retryable: false,
    },
  ],
  [
    'SQLITE_CORRUPT',
    {
      code: 'database-damaged',
      reason: 'the file is damaged',
      remedy: 'Check the disk, move the file away and restore a backup.',
      retryable: false,
    },
  ],
  [
    'SQLITE_BUSY',
    {
      code: 'database-busy',
      reason: 'another process uses it',
      remedy: 'Wait for the other process, or stop it.',
      retryable: true,
    },
  ],
  [
    'SQLITE_IOERR',
    {
      code: 'disk-failed',
      reason: 'reading or writing the disk failed',
      remedy: 'Check the free space and the health of the disk.',
      retryable: true,
    },
  ],
  [
    'SQLITE_CANTOPEN',
    {
      code: 'database-not-opened',
      reason: 'the file cannot be opened',
      remedy: databaseOwnerRemedy,
      retryable: false,
    },
  ],
  [
    'SQLITE_READONLY',
    {
      code: 'database-not-opened',
      reason: 'the file is read-only for this program',
      remedy: databaseOwnerRemedy,
      retryable: false,
    },
  ],
];

/**
 * Turns an error of SQLite into an operational error with a stable code where the environment caused it. Returns all other
 * errors unchanged, such as a wrong statement or a violated constraint.
 */
export function explainSqliteError(error: unknown, path: string): unknown {
  if (!(error instanceof Sqlite.SqliteError)) return error;
  const found = explanations.find(([prefix]) => error.code.startsWith(prefix));
  if (found === undefined) return error;
  return databaseError(path, found[1], error);
}

function databaseError(
  path: string,
  { code, reason, remedy, retryable }: Explanation,
  cause: InstanceType<typeof Sqlite.SqliteError>,
): RollcallError {
  return operational(code, `the database ${path} cannot be used: ${reason}`, {
    remedy: typeof remedy === 'string' ? remedy : remedy(),
    retryable,
    details: { path, sqlite: cause.code },
    cause,
  });
}
