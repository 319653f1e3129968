import type Sqlite from 'better-sqlite3';
import { auditTables } from './audit-schema.js';

type Row = Readonly<Record<string, unknown>>;

/** All rows of a log. Hashes and seals stay unchanged, so that it can be verified in another database. */
export interface CarriedLog {
  readonly entries: readonly Row[];
  readonly marks: readonly Row[];
}

const ENTRY_COLUMNS = [
  'sequence',
  'at_ms',
  'actor',
  'origin',
  'action',
  'subject',
  'details',
  'key_id',
  'previous',
  'hash',
];
const MARK_COLUMNS = ['kind', 'sequence', 'hash', 'key_id', 'seal'];

/** Reads a whole log. Throws SQLite's error if it cannot be read. */
export function readLog(db: Sqlite.Database): CarriedLog {
  const all = (table: string, columns: readonly string[]): readonly Row[] =>
    db.prepare<[], Row>(`SELECT ${columns.join(', ')} FROM ${table} ORDER BY sequence`).all();
  return { entries: all('audit', ENTRY_COLUMNS), marks: all('audit_mark', MARK_COLUMNS) };
}

/** Replaces the log in `db`. Call it in a transaction. */
export function replaceLog(db: Sqlite.Database, { entries, marks }: CarriedLog): void {
  db.exec('DROP TABLE audit; DROP TABLE audit_mark;');
  db.exec(auditTables);
  const insert = (table: string, columns: readonly string[], rows: readonly Row[]): void => {
    const values = columns.map((column) => `@${column}`).join(', ');
    const statement = db.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${values})`);
    for (const row of rows) statement.run(row);
  };
  insert('audit', ENTRY_COLUMNS, entries);
  insert('audit_mark', MARK_COLUMNS, marks);
}
