import type Database from 'better-sqlite3';
import { Sqlite } from '../../host/sqlite-driver.js';
import type { PersonId } from '../../kernel/ids.js';
import { type CarriedLog, readLog } from '../audit/carry-log.js';

export interface Tombstone {
  readonly personId: PersonId;
  readonly erasedAtMs: number;
}

/** The data of the present gallery that survives a restore. */
export interface PresentState {
  /** Undefined if the damaged file cannot be read. */
  readonly tombstones: readonly Tombstone[] | undefined;
  /** Undefined if the damaged file cannot be read. */
  readonly log: CarriedLog | undefined;
  /** The box is new: it never had an enrolled person. */
  readonly isNew: boolean;
}

const tablesOfUse = ['person', 'tombstone', 'first_person'];

export function readPresent(db: Database.Database): PresentState {
  return { tombstones: readTombstones(db), log: readLog(db), isNew: isNew(db) };
}

/** Reads as much as possible from a damaged file. */
export function salvagePresent(path: string): PresentState {
  const attempt = <T>(read: (db: Database.Database) => T): T | undefined => {
    let db: Database.Database | undefined;
    try {
      db = new Sqlite(path, { readonly: true });
      return read(db);
    } catch (error) {
      // The kind of damage makes no difference here.
      if (error instanceof Sqlite.SqliteError) return undefined;
      throw error;
    } finally {
      db?.close();
    }
  };
  return { tombstones: attempt(readTombstones), log: attempt(readLog), isNew: false };
}

function readTombstones(db: Database.Database): readonly Tombstone[] {
  return db
    .prepare<[], Tombstone>('SELECT person_id AS personId, erased_at_ms AS erasedAtMs FROM tombstone')
    .all();
}

function isNew(db: Database.Database): boolean {
  const isThere = db.prepare<[string], number>('SELECT 1 FROM sqlite_schema WHERE name = ?').pluck();
  return tablesOfUse.every(
    (table) =>
      isThere.get(table) === undefined || db.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get() === undefined,
  );
}
