import { closeSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Sqlite from 'better-sqlite3';
import { messageOf, operational, type RollcallError } from '../base/errors.js';
import { explainAccess } from '../host/file-access.js';
import { databaseOwnerRemedy } from '../host/sqlite-errors.js';

/** Beside the gallery, for as long as the gallery exists; holds nothing. */
function lockPathOf(galleryPath: string): string {
  return `${galleryPath}.lock`;
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}

/**
 * Creates the file for its owner only. An existing one is not even opened: closing any descriptor of a file gives
 * up all POSIX locks that the process holds on it, SQLite's too.
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
    return operational('gallery-in-use', `the gallery ${galleryPath} is open in another process`, {
      remedy:
        'Stop the other rollcalld first, or give this one its own gallery path; `rollcall` commands go through the running daemon.',
    });
  }
  const access = explainAccess(lockPathOf(galleryPath), 'written', error);
  const why = access?.says ?? messageOf(error);
  return operational('gallery-unusable', `the gallery ${galleryPath} cannot be locked: ${why}`, {
    remedy:
      access?.remedy ?? `${databaseOwnerRemedy()}, and that ${lockPathOf(galleryPath)} is an empty file`,
    cause: error,
  });
}

/**
 * Makes this process the only one with the gallery open, until disposed. The lock is SQLite's own lock on an empty
 * database, held by an exclusive transaction: the kernel gives it up when the process ends, however it ends.
 * @throws `gallery-in-use` where another process, or another opening in this one, holds it
 */
export function lockGallery(galleryPath: string): Disposable {
  let database: Sqlite.Database | undefined;
  try {
    createPrivately(lockPathOf(galleryPath));
    database = new Sqlite(lockPathOf(galleryPath), { timeout: 0 });
    // Nothing is ever written: without this a journal file would be made all the same, and outlive a crash.
    database.pragma('journal_mode = MEMORY');
    database.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    database?.close();
    throw translate(error, galleryPath);
  }
  const held = database;
  return { [Symbol.dispose]: () => void held.close() };
}
