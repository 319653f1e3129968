import Sqlite from 'better-sqlite3';
import { type CarriedLog, readLog } from '../../audit/carry-log.js';
import type { PersonId } from '../../domain/ids.js';

export interface Tombstone {
  readonly personId: PersonId;
  readonly erasedAtMs: number;
}

/** What of the box's present gallery outlives a restore. */
export interface PresentState {
  /** Undefined where a damaged file does not give them. */
  readonly tombstones: readonly Tombstone[] | undefined;
  /** Undefined where a damaged file does not give it. */
  readonly log: CarriedLog | undefined;
  /** Nobody was ever enrolled: the box is new. */
  readonly isNew: boolean;
}

const heldTables = ['person', 'tombstone', 'first_person'];

export function readPresent(db: Sqlite.Database): PresentState {
  return { tombstones: readTombstones(db), log: readLog(db), isNew: isNew(db) };
}

/** As much as a damaged file still gives. */
export function salvagePresent(path: string): PresentState {
  const attempt = <T>(read: (db: Sqlite.Database) => T): T | undefined => {
    let db: Sqlite.Database | undefined;
    try {
      db = new Sqlite(path, { readonly: true });
      return read(db);
    } catch (error) {
      // What kind of damage it is makes no difference here.
      if (error instanceof Sqlite.SqliteError) return undefined;
      throw error;
    } finally {
      db?.close();
    }
  };
  return { tombstones: attempt(readTombstones), log: attempt(readLog), isNew: false };
}

function readTombstones(db: Sqlite.Database): readonly Tombstone[] {
  return db
    .prepare<[], Tombstone>('SELECT person_id AS personId, erased_at_ms AS erasedAtMs FROM tombstone')
    .all();
}

function isNew(db: Sqlite.Database): boolean {
  const isThere = db.prepare<[string], number>('SELECT 1 FROM sqlite_schema WHERE name = ?').pluck();
  return heldTables.every(
    (table) =>
      isThere.get(table) === undefined || db.prepare(`SELECT 1 FROM ${table} LIMIT 1`).get() === undefined,
  );
}
