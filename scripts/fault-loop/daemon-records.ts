import { join } from 'node:path';
import Database from 'better-sqlite3';

export interface RecordedFact {
  readonly sequence: number;
  readonly id: string;
  readonly kind: string;
}

/** What `records.db` of a daemon that has ended holds, in order, and what SQLite finds amiss in the file. */
export function readRecords(dataDir: string): {
  readonly facts: readonly RecordedFact[];
  readonly damage: readonly string[];
} {
  const db = new Database(join(dataDir, 'records.db'), { readonly: true, fileMustExist: true });
  try {
    const found = db.pragma('integrity_check', { simple: true });
    const orphans = db.pragma('foreign_key_check') as readonly unknown[];
    return {
      facts: db.prepare<[], RecordedFact>('SELECT sequence, id, kind FROM event ORDER BY sequence').all(),
      damage: [
        ...(found === 'ok' ? [] : [`integrity_check of records.db: ${String(found)}`]),
        ...(orphans.length === 0 ? [] : [`foreign_key_check of records.db: ${orphans.length} rows`]),
      ],
    };
  } finally {
    db.close();
  }
}
