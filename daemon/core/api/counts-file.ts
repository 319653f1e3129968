import { rmSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { databaseFiles, type OpenDatabase, openDatabase } from '../../host/sqlite.js';
import type { Migration } from '../../host/sqlite-migrations.js';
import { isRollcallError } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';

/** How often a key used a class in its current window. */
export interface Count {
  readonly counter: string;
  readonly key: string;
  readonly points: number;
  readonly expiresAtMs: number;
}

/** "RCLM" in ASCII. */
const applicationId = 0x52_43_4c_4d;
/** Rows of one transaction: a few milliseconds. */
const rowsAtOnce = 500;

const migrations: readonly Migration[] = [
  {
    name: 'counts of requests',
    apply: `CREATE TABLE counts (
      counter TEXT NOT NULL,
      key TEXT NOT NULL,
      points INTEGER NOT NULL,
      expires_at_ms INTEGER NOT NULL,
      PRIMARY KEY (counter, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX counts_by_end ON counts (expires_at_ms)`,
  },
];

/** The counts of requests on the disk, so that a restart does not give every caller a new minute. */
export class CountsFile {
  readonly #database: OpenDatabase;

  constructor(database: OpenDatabase) {
    this.#database = database;
  }

  /** The counts whose windows have not ended. */
  load(nowMs: number): readonly Count[] {
    return this.#database.read(() =>
      this.#database.db
        .prepare<[number], Count>(
          'SELECT counter, key, points, expires_at_ms AS expiresAtMs FROM counts WHERE expires_at_ms > ? ORDER BY expires_at_ms',
        )
        .all(nowMs),
    );
  }

  /** Stores counts and forgets those whose windows have ended. Lets the event loop turn between its transactions. */
  async save(counts: readonly Count[], nowMs: number): Promise<void> {
    const { db } = this.#database;
    const insert = db.prepare('INSERT OR REPLACE INTO counts VALUES (?, ?, ?, ?)');
    for (let start = 0; start < counts.length; start += rowsAtOnce) {
      this.#database.transaction(() => {
        for (const { counter, key, points, expiresAtMs } of counts.slice(start, start + rowsAtOnce)) {
          insert.run(counter, key, points, expiresAtMs);
        }
      });
      await nextTurn();
    }
    const forget = db.prepare(
      `DELETE FROM counts WHERE (counter, key) IN (SELECT counter, key FROM counts WHERE expires_at_ms <= ? LIMIT ${rowsAtOnce})`,
    );
    while (this.#database.transaction(() => forget.run(nowMs)).changes === rowsAtOnce) await nextTurn();
  }

  close(): void {
    this.#database.close();
  }
}

/** Opens the file. It holds nothing of worth, so a damaged one is replaced, and without one the box counts in memory. */
export function openCountsFile(path: string, logger: Logger): CountsFile | undefined {
  try {
    return openUnsafely(path);
  } catch (error) {
    try {
      if (!isRollcallError(error, 'database-damaged')) throw error;
      for (const suffix of databaseFiles) rmSync(`${path}${suffix}`, { force: true });
      return openUnsafely(path);
    } catch (error) {
      logger.warn('the counts of requests cannot be stored; a restart forgets them', { error });
      return undefined;
    }
  }
}

function openUnsafely(path: string): CountsFile {
  const database = openDatabase(path, { migrations, applicationId });
  // Never waits for the disk: a power cut may cost the counts of a minute.
  database.db.pragma('synchronous = OFF');
  return new CountsFile(database);
}
