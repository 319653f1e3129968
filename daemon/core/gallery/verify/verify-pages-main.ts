// A separate process, with a path and no key: SQLite's check blocks its thread until the whole file is read.
import type Database from 'better-sqlite3';
import { Sqlite } from '../../../host/sqlite-driver.js';

/** Most messages per table. */
const MOST_MESSAGES = 20;

const [path = ''] = process.argv.slice(2);

/** One connection per table, so that none blocks the write-ahead log for longer than one check. */
function checkTable(table: string | undefined): readonly string[] {
  let db: Database.Database | undefined;
  try {
    db = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: 1000 });
    db.pragma('trusted_schema = OFF');
    db.pragma('cell_size_check = ON');
    const what = table === undefined ? `integrity_check(${MOST_MESSAGES})` : `integrity_check('${table}')`;
    const rows = db.pragma(what) as readonly Readonly<Record<string, unknown>>[];
    return rows.map((row) => String(Object.values(row)[0])).filter((message) => message !== 'ok');
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  } finally {
    db?.close();
  }
}

function tablesOf(): readonly string[] {
  const db = new Sqlite(path, { readonly: true, fileMustExist: true, timeout: 1000 });
  try {
    return db
      .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
      .pluck()
      .all()
      .filter((name) => /^[a-z_]+$/.test(name) && !name.startsWith('sqlite_'));
  } finally {
    db.close();
  }
}

function checkAll(): readonly string[] {
  try {
    return tablesOf().flatMap((table) => checkTable(table).slice(0, MOST_MESSAGES));
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

const messages = checkAll();
// Free pages belong to no table; only a check of the whole file includes them. It is skipped if damage was already found.
process.stdout.write(JSON.stringify(messages.length > 0 ? messages : checkTable(undefined)));
