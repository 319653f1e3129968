import { chmodSync, closeSync, constants, existsSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import type Database from 'better-sqlite3';
import { DurationHistogram } from '../kernel/duration-histogram.js';
import { messageOf, type RollcallError } from '../kernel/errors.js';
import { failure } from '../words/errors.js';
import { explainAccess } from './file-access.js';
import { Sqlite } from './sqlite-driver.js';
import { databaseOwnerRemedy, explainSqliteError } from './sqlite-errors.js';
import { claim, copyBeforeMigration, type Migration, migrate } from './sqlite-migrations.js';

interface DatabaseOptions {
  /** All migrations, oldest first. */
  readonly migrations: readonly Migration[];
  /** Marks the file as this program's and of this kind: a positive 32-bit integer. */
  readonly applicationId: number;
  /** Tables that are checked at opening. Default: the whole file, which takes as long as reading it. */
  readonly checkedTables?: readonly string[];
}

/** An open database. All work is synchronous; keep transactions short. */
export interface OpenDatabase extends AsyncDisposable {
  readonly path: string;
  readonly db: Database.Database;
  /** How long write transactions took, until they were on the disk or had failed. */
  readonly transactionTimes: DurationHistogram;
  /**
   * Runs `work` in one write transaction: when this returns, all of it is on the disk; after an error, nothing has changed.
   * @throws `disk-full`, `disk-failed`, `database-busy`, `database-damaged`, or what `work` throws
   */
  transaction<T>(work: () => T): T;
  /**
   * As `transaction`, without the wait for the disk: the next `transaction` brings this one to the disk, too. Until then a power cut
   * undoes it, but a kill does not.
   */
  unsyncedTransaction<T>(work: () => T): T;
  /** Runs `work`, which only reads. @throws `database-busy`, `database-damaged`, `disk-failed`, or what `work` throws */
  read<T>(work: () => T): T;
  /** False if the file was removed or replaced while it is open. What is written then goes to a file that nobody finds. */
  isInPlace(): boolean;
  /**
   * Writes the whole content to a new file if the open one was removed or replaced: to its own path, or beside the file that took its
   * place. Returns the path of the new file; undefined where nothing was to do. @throws as `transaction`
   */
  putBack(): string | undefined;
  close(): void;
}

/** The steps in which the times of transactions are counted, seconds. */
const transactionBoundsS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5];
/** How long a writer waits for another process before `database-busy`. */
const busyTimeoutMs = 5_000;

/**
 * Opens or creates the database at `path`, readable only by its owner. Checks it, copies it to a file beside it where a
 * migration is due (`olderCopiesOf`), and migrates it to the newest schema.
 * @throws `database-damaged`, `database-foreign`, `database-newer`, `database-busy`, `database-not-opened`,
 *   `database-place`, `disk-full`, `disk-failed`
 */
export function openDatabase(path: string, options: DatabaseOptions): OpenDatabase {
  let db: Database.Database | undefined;
  try {
    createFile(path);
    db = new Sqlite(path, { timeout: busyTimeoutMs });
    // Comes before any change: with a wrong path, the file of another program must keep its mode and journal.
    claim(db, path, options.applicationId);
    restrictToOwner(path);
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
    const why = access?.reason ?? messageOf(error);
    throw failure(
      'database-not-opened',
      { path, why },
      { remedy: access?.remedy ?? databaseOwnerRemedy(), details: { path }, cause: error },
    );
  }
}

/** What SQLite appends to the path of a database for its logs. */
export const databaseLogs = ['-wal', '-shm'] as const;
/** What it appends for all files of a database. */
export const databaseFiles = ['', ...databaseLogs] as const;

/**
 * Lets only the owner access the files: a restored copy may have another mode. SQLite gives new logs the mode of the main file.
 */
export function restrictToOwner(path: string): void {
  for (const suffix of databaseFiles) {
    if (existsSync(`${path}${suffix}`)) chmodSync(`${path}${suffix}`, 0o600);
  }
}

function configure(db: Database.Database, path: string): void {
  const mode: unknown = db.pragma('journal_mode = WAL', { simple: true });
  if (mode !== 'wal') {
    throw failure('database-place', { path }, { details: { path, mode } });
  }
  // A commit is on the disk when it returns: a committed event must survive a power cut in the outbox.
  db.pragma('synchronous = FULL');
  db.pragma('foreign_keys = ON');
  // Overwrites deleted data: erased persons must not remain in free pages.
  db.pragma('secure_delete = ON');
  // A foreign file must not run functions from its schema.
  db.pragma('trusted_schema = OFF');
  db.pragma('cell_size_check = ON');
  // Temporary data of sorting and rollback must not be written to a directory for temporary files.
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

/** The error for a damaged file; `verdict` is SQLite's text. */
export function databaseDamaged(path: string, verdict: unknown): RollcallError {
  return failure('database-damaged', { path }, { details: { path, verdict } });
}

function wrap(db: Database.Database, path: string): OpenDatabase {
  const read: OpenDatabase['read'] = (work) => {
    try {
      return work();
    } catch (error) {
      throw explainSqliteError(error, path);
    }
  };
  const identity = (): string | undefined => {
    const found = statSync(path, { bigint: true, throwIfNoEntry: false });
    return found && `${found.dev}:${found.ino}`;
  };
  const opened = identity();
  const isInPlace = (): boolean => identity() === opened;
  const transactionTimes = new DurationHistogram(transactionBoundsS);
  const transaction: OpenDatabase['transaction'] = (work) => {
    // A transaction within another one is a part of it.
    if (db.inTransaction) return read(() => db.transaction(work).immediate());
    const startedMs = performance.now();
    try {
      return read(() => db.transaction(work).immediate());
    } finally {
      transactionTimes.observe((performance.now() - startedMs) / 1000);
    }
  };
  return {
    path,
    db,
    transactionTimes,
    read,
    transaction,
    unsyncedTransaction(work) {
      // Within a transaction, SQLite does not change this setting.
      if (db.inTransaction) return transaction(work);
      db.pragma('synchronous = NORMAL');
      try {
        return transaction(work);
      } finally {
        db.pragma('synchronous = FULL');
      }
    },
    isInPlace,
    putBack() {
      // Where the folder is gone too, somebody took the whole data of the box away, and there is no place to write to.
      if (isInPlace() || !existsSync(dirname(path))) return undefined;
      const isFree = identity() === undefined;
      const target = isFree ? path : `${path}.displaced-${Date.now()}`;
      // Logs of the removed file would be applied to the new one.
      if (isFree) for (const log of databaseLogs) rmSync(`${path}${log}`, { force: true });
      read(() => db.prepare('VACUUM INTO ?').run(target));
      chmodSync(target, 0o600);
      return target;
    },
    close: () => void db.close(),
    async [Symbol.asyncDispose]() {
      db.close();
    },
  };
}
