import { chmodSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type Database from 'better-sqlite3';
import { defect } from '../kernel/errors.js';
import { refusal } from '../words/errors.js';

/** One step from a version of a database's schema to the next. Never change a released one. */
export interface Migration {
  /** Describes the change. */
  readonly name: string;
  /** Statements, or a function where data must be rewritten; runs inside a transaction. */
  readonly apply: string | ((db: Database.Database) => void);
}

const pragmaNumber = (db: Database.Database, name: string): number =>
  Number(db.pragma(name, { simple: true }));

const tableCount = (db: Database.Database): number =>
  Number(db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get());

/**
 * Checks that the file belongs to this program, and marks a new one.
 * @throws `database-foreign` for a database of another program or of another kind
 */
export function claim(db: Database.Database, path: string, applicationId: number): void {
  if (!Number.isInteger(applicationId) || applicationId <= 0 || applicationId > 0x7fff_ffff) {
    throw defect('application-id', 'an SQLite application id is a positive 32-bit integer');
  }
  db.transaction(() => {
    const found = pragmaNumber(db, 'application_id');
    if (found === applicationId) return;
    if (found !== 0 || tableCount(db) > 0) {
      throw refusal(
        'database-foreign',
        { path },
        { details: { path, applicationId: found, expected: applicationId } },
      );
    }
    db.pragma(`application_id = ${applicationId}`);
  }).immediate();
}

/**
 * Migrates a database to the newest schema. The version (`user_version`) is the number of applied migrations. Each migration
 * commits together with its number, so that a power cut leaves a complete version.
 * @throws `database-newer` for a file from a newer release
 */
export function migrate(db: Database.Database, path: string, migrations: readonly Migration[]): void {
  for (let version = pragmaNumber(db, 'user_version'); version < migrations.length; ) {
    db.transaction(() => {
      // Another process may have migrated in the meantime: only the version inside the transaction counts.
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
    throw refusal(
      'database-newer',
      { path, version, newest: migrations.length },
      { details: { path, version, known: migrations.length } },
    );
  }
}

/** The name of a copy from before a migration contains its version. */
const copyOf = (path: string, version: number): string => `${path}.before-migration-${version}`;

/**
 * Copies a database before a migration, so that the earlier release can be installed again. Does nothing for a new file and for
 * one with the newest schema. An existing copy has the same version and is replaced by the newer one.
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

/** Suffixes of files with older content of a database: copies from before a migration, and damaged files put aside. */
const olderSuffixes = ['before-migration-', 'damaged-'];

/** The files beside this database that contain older content, complete or not, and their logs. */
export function olderCopiesOf(path: string): readonly string[] {
  const prefixes = olderSuffixes.map((suffix) => `${basename(path)}.${suffix}`);
  return readdirSync(dirname(path))
    .filter((name) => prefixes.some((prefix) => name.startsWith(prefix)))
    .map((name) => join(dirname(path), name));
}
