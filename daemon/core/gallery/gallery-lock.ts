import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import type Database from 'better-sqlite3';
import { explainAccess } from '../../host/file-access.js';
import { Sqlite } from '../../host/sqlite-driver.js';
import { databaseOwnerRemedy } from '../../host/sqlite-errors.js';
import { messageOf, type RollcallError } from '../../kernel/errors.js';
import { failure } from '../../words/errors.js';

/** The lock file lies beside the gallery and stays empty. */
function lockPathOf(galleryPath: string): string {
  return `${galleryPath}.lock`;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/**
 * Creates the file for its owner only. Does not open an existing file: closing any descriptor of a file releases all POSIX
 * locks of the process on it, also SQLite's.
 */
function createPrivately(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

function translate(error: unknown, galleryPath: string): RollcallError {
  if (codeOf(error) === 'SQLITE_BUSY') {
    return failure('gallery-in-use', { galleryPath });
  }
  const access = explainAccess(lockPathOf(galleryPath), 'written', error);
  const why = access?.reason ?? messageOf(error);
  return failure(
    'gallery-unusable',
    { galleryPath, why },
    {
      remedy:
        access?.remedy ?? `${databaseOwnerRemedy()} Check that ${lockPathOf(galleryPath)} is an empty file.`,
      cause: error,
    },
  );
}

/**
 * Makes this process the only one that has the gallery open, until disposal. The lock is an exclusive SQLite transaction on an
 * empty database: the kernel releases it when the process ends, also after a crash.
 * @throws `gallery-in-use` if another process, or this one, already has the gallery open
 */
export function lockGallery(galleryPath: string): Disposable {
  let database: Database.Database | undefined;
  try {
    createPrivately(lockPathOf(galleryPath));
    database = new Sqlite(lockPathOf(galleryPath), { timeout: 0 });
    // Nothing is ever written. Otherwise SQLite would create a journal file, which would survive a crash.
    database.pragma('journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    throw translate(error, galleryPath);
  }
  const held = database;
  return { [Symbol.dispose]: () => void held.close() };
}
