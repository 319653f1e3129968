import { chmodSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type Database from 'better-sqlite3';
import { badInput, defect } from '../base/errors.js';

/** One step from a version of a database's shape to the next. Never changed once released. */
export interface Migration {
  /** What it brings, for the log and for errors. */
  readonly name: string;
  /** Statements, or a function where data must be rewritten; runs inside a transaction. */
  readonly apply: string | ((db: Database.Database) => void);
}

const pragmaNumber = (db: Database.Database, name: string): number =>
  Number(db.pragma(name, { simple: true }));

const tableCount = (db: Database.Database): number =>
  Number(db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get());

/**
 * Makes sure that the file is this program's, and marks it where it is new.
 * @throws `database-foreign` for another program's file or one of another kind
 */
export function claim(db: Database.Database, path: string, applicationId: number): void {
  if (!Number.isInteger(applicationId) || applicationId <= 0 || applicationId > 0x7fff_ffff) {
    throw defect('application-id', 'an SQLite application id is a positive 32-bit integer');
  }
  db.transaction(() => {
    const found = pragmaNumber(db, 'application_id');
    if (found === applicationId) return;
    if (found !== 0 || tableCount(db) > 0) {
      throw badInput('database-foreign', `the file ${path} is a database of another kind`, {
        remedy: 'check the configured path',
        details: { path, applicationId: found, expected: applicationId },
      });
    }
    db.pragma(`application_id = ${applicationId}`);
  }).immediate();
}

/**
 * Brings a database to the newest shape. The version (`user_version`) is the number of migrations applied;
 * each one commits together with its number, so that a power cut leaves a whole version.
 * @throws `database-newer` for a file from a newer release
 */
export function migrate(db: Database.Database, path: string, migrations: readonly Migration[]): void {
  for (let version = pragmaNumber(db, 'user_version'); version < migrations.length; ) {
    db.transaction(() => {
      // Another process may have gone on in the meantime: only the version inside the transaction counts.
      version = pragmaNumber(db, 'user_version');
      const migration = migrations[version];
      if (migration === undefined) return;
      if (typeof migration.apply === 'string') db.exec(migration.apply);
      else migration.apply(db);
      version += 1;
      db.pragma(`user_version = ${version}`);
    }).immediate();
  }
  const version = pragmaNumber(db, 'user_version');
  if (version > migrations.length) {
    throw badInput(
      'database-newer',
      `the database ${path} has version ${version}; this program knows versions up to ${migrations.length}`,
      {
        remedy:
          'install the release that wrote it, or a newer one, or restore a backup made before the update',
        details: { path, version, known: migrations.length },
      },
    );
  }
}

/** What a copy made before a migration is called: the version it has. */
const copyOf = (path: string, version: number): string => `${path}.before-migration-${version}`;

/**
 * Copies a database that is about to be migrated, so that the release before can be put back. Does nothing for a new
 * file and one that has the newest shape. A copy that is there already is of the same version, and newer: it is replaced.
 */
export function copyBeforeMigration(
  db: Database.Database,
  path: string,
  migrations: readonly Migration[],
): void {
  const version = pragmaNumber(db, 'user_version');
  if (version === 0 || version >= migrations.length) return;
  const copy = copyOf(path, version);
  const unfinished = `${copy}.part`;
  rmSync(unfinished, { force: true });
  db.prepare('VACUUM INTO ?').run(unfinished);
  chmodSync(unfinished, 0o600);
  renameSync(unfinished, copy);
}

/** What may lie beside a database and hold what it held: copies from before a migration, and a damaged file put aside. */
const besides = ['before-migration-', 'damaged-'];

/** The older files of this database that lie beside it, whole or not, with their logs. */
export function olderCopiesOf(path: string): readonly string[] {
  const prefixes = besides.map((what) => `${basename(path)}.${what}`);
  return readdirSync(dirname(path))
    .filter((name) => prefixes.some((prefix) => name.startsWith(prefix)))
    .map((name) => join(dirname(path), name));
}
