import { chmodSync, closeSync, constants, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { messageOf, operational, type RollcallError } from '../base/errors.js';
import { explainAccess } from './file-access.js';
import { databaseOwnerRemedy, explainSqliteError } from './sqlite-errors.js';
import { claim, copyBeforeMigration, type Migration, migrate } from './sqlite-migrations.js';

export interface DatabaseOptions {
  /** Every migration there ever was, oldest first. */
  readonly migrations: readonly Migration[];
  /** Marks the file as this program's and of this kind: a positive 32-bit integer. */
  readonly applicationId: number;
  /** Tables that are checked when the file is opened; absent: the whole file, which takes as long as reading it. */
  readonly checkedTables?: readonly string[];
}

/** An open database. All work is synchronous; keep transactions short. */
export interface OpenDatabase extends AsyncDisposable {
  readonly path: string;
  readonly db: Database.Database;
  /**
   * Runs `work` in one write transaction: all of it is on the disk when this returns, or none of it happened.
   * @throws `disk-full`, `disk-failed`, `database-busy`, `database-damaged`, or what `work` throws
   */
  transaction<T>(work: () => T): T;
  close(): void;
}

/** A writer waits this long for another process before `database-busy`. */
const busyTimeoutMs = 5_000;

/**
 * Opens or creates the database at `path`, readable by its owner only, checks that it is whole and brings it to
 * the newest shape; what was there before is copied to a file beside it first (`olderCopiesOf`).
 * @throws `database-damaged`, `database-foreign`, `database-newer`, `database-busy`, `database-not-opened`,
 *   `database-place`, `disk-full`, `disk-failed`
 */
export function openDatabase(path: string, options: DatabaseOptions): OpenDatabase {
  let db: Database.Database | undefined;
  try {
    createFile(path);
    db = new Database(path, { timeout: busyTimeoutMs });
    // Before anything is changed: a wrong path must not cost somebody else's file its mode or its journal.
    claim(db, path, options.applicationId);
    closeToOthers(path);
    configure(db, path);
    check(db, path, options.checkedTables);
    copyBeforeMigration(db, path, options.migrations);
    migrate(db, path, options.migrations);
    return wrap(db, path);
  } catch (error) {
    db?.close();
    throw explainSqliteError(error, path);
  }
}

function createFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    closeSync(openSync(path, constants.O_CREAT | constants.O_RDWR, 0o600));
  } catch (error) {
    const access = explainAccess(path, 'written', error);
    const why = access?.says ?? messageOf(error);
    throw operational('database-not-opened', `the database ${path} cannot be opened: ${why}`, {
      remedy: access?.remedy ?? databaseOwnerRemedy(),
      details: { path },
      cause: error,
    });
  }
}

/** A restored copy may have come with a mode of its own. SQLite gives new logs the mode of the main file. */
export function closeToOthers(path: string): void {
  for (const file of [path, `${path}-wal`, `${path}-shm`]) {
    if (existsSync(file)) chmodSync(file, 0o600);
  }
}

function configure(db: Database.Database, path: string): void {
  const mode: unknown = db.pragma('journal_mode = WAL', { simple: true });
  if (mode !== 'wal') {
    throw operational(
      'database-place',
      `the database ${path} lies where SQLite cannot keep a write-ahead log`,
      {
        remedy: 'put it on a local disk, not on a network share',
        details: { path, mode },
      },
    );
  }
  // A commit is on the disk when it returns: an event published after a power cut must still be in the outbox.
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  // What is deleted is overwritten: erased persons must not remain in free pages.
  db.pragma('secure_delete = ON');
  // A file from elsewhere must not run functions hidden in its schema.
  db.pragma('trusted_schema = OFF');
  db.pragma('cell_size_check = ON');
  // Nothing that is sorted or rolled back may pass through a file in a directory for temporary files.
  db.pragma('temp_store = MEMORY');
}

function check(db: Database.Database, path: string, tables: readonly string[] | undefined): void {
  const known = db.prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table'").pluck().all();
  const checks = tables?.filter((table) => known.includes(table)).map((table) => `quick_check(${table})`) ?? [
    'quick_check(1)',
  ];
  for (const each of checks) {
    const verdict: unknown = db.pragma(each, { simple: true });
    if (verdict !== 'ok') throw databaseDamaged(path, verdict);
  }
}

/** What is thrown for a file that SQLite finds damaged; `verdict` is what it said. */
export function databaseDamaged(path: string, verdict: unknown): RollcallError {
  return operational('database-damaged', `the database ${path} cannot be used: the file is damaged`, {
    remedy: 'check the disk, move the file away and restore a backup',
    details: { path, verdict },
  });
}

function wrap(db: Database.Database, path: string): OpenDatabase {
  return {
    path,
    db,
    transaction(work) {
      try {
        return db.transaction(work).immediate();
      } catch (error) {
        throw explainSqliteError(error, path);
      }
    },
    close: () => void db.close(),
    async [Symbol.asyncDispose]() {
      db.close();
    },
  };
}
