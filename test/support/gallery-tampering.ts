import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type Database from 'better-sqlite3';
import { Sqlite } from '../../daemon/host/sqlite-driver.js';
import { temporaryDirectory } from './gallery-fixture.js';

/** Changes the rows of a closed gallery as an attacker with the file would, without foreign key checks. */
export function tamper<T>({ path }: { readonly path: string }, work: (db: Database.Database) => T): T {
  const db = new Sqlite(path);
  try {
    db.pragma('foreign_keys = OFF');
    return work(db);
  } finally {
    db.close();
  }
}

/** Swaps a column between the first two rows of a table, in the order of their ids. */
export function swap(db: Database.Database, table: string, column: string): void {
  const rows = db
    .prepare<[], { id: string; value: unknown }>(
      `SELECT id, ${column} AS value FROM ${table} ORDER BY id LIMIT 2`,
    )
    .all();
  const [first, second] = rows;
  assert.ok(first && second);
  const update = db.prepare(`UPDATE ${table} SET ${column} = ? WHERE id = ?`);
  // A third value in between: the column may be unique.
  update.run(typeof first.value === 'string' ? 'between' : first.value, first.id);
  update.run(first.value, second.id);
  update.run(second.value, first.id);
}

/**
 * All bytes that lie in a directory, by the path of their file. Another process copies them first: closing a file here would
 * give up the locks that SQLite holds on it.
 */
export function filesIn(t: TestContext, directory: string): ReadonlyMap<string, Buffer> {
  const copy = temporaryDirectory(t);
  execFileSync('cp', ['-r', `${directory}/.`, copy]);
  const files = readdirSync(copy, { recursive: true, encoding: 'utf8' });
  return new Map(
    files
      .filter((file) => statSync(join(copy, file)).isFile())
      .map((file) => [file, readFileSync(join(copy, file))]),
  );
}

/** How many of the 16-byte pieces of `secretBytes` lie anywhere in the files; for a short secret, whether it does. */
export function piecesIn(files: ReadonlyMap<string, Buffer>, secretBytes: Uint8Array): number {
  const secret = Buffer.from(secretBytes);
  const size = Math.min(16, secret.length);
  let found = 0;
  for (let offset = 0; offset + size <= secret.length; offset += size) {
    const piece = secret.subarray(offset, offset + size);
    for (const bytes of files.values()) if (bytes.includes(piece)) found += 1;
  }
  return found;
}
