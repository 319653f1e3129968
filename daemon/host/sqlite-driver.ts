import { createRequire } from 'node:module';
import type BetterSqlite3 from 'better-sqlite3';

/** From this version of Node-API on, the newer driver works: from Node.js 22.14 on. */
const oldestNodeApi = 10;
const { napi } = process.versions;

/**
 * SQLite for this Node.js: `better-sqlite3` 13, which brings its compiled files, or 12, which runs on Node.js 20 and was compiled for it. Both
 * have the same interface, the same options of SQLite, and the same files (docs/decisions/0111-two-drivers-of-sqlite.md).
 */
export const Sqlite: typeof BetterSqlite3 = createRequire(import.meta.url)(
  Number(napi) >= oldestNodeApi ? 'better-sqlite3-13' : 'better-sqlite3',
);
