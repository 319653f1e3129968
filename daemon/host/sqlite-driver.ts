import { createRequire } from 'node:module';
import type BetterSqlite3 from 'better-sqlite3';
import { failure } from '../words/errors.js';

/** From this version of Node-API on, the newer driver works: from Node.js 22.14 on. */
const oldestNodeApi = 10;
const { napi } = process.versions;

/**
 * SQLite for a Node.js: `better-sqlite3` 13, which brings its compiled files, or 12, which runs on Node.js 20 and was compiled for it. Both
 * have the same interface, the same options of SQLite, and the same files (docs/decisions/0111-two-drivers-of-sqlite.md).
 * @throws `sqlite-driver-missing`, where the program was installed with another Node.js
 */
export function loadDriver(nodeApi: number, load: (name: string) => unknown): typeof BetterSqlite3 {
  try {
    return load(nodeApi >= oldestNodeApi ? 'better-sqlite3-13' : 'better-sqlite3') as typeof BetterSqlite3;
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'MODULE_NOT_FOUND';
    throw isMissing ? failure('sqlite-driver-missing', { version: process.version }, { cause }) : cause;
  }
}

export const Sqlite: typeof BetterSqlite3 = loadDriver(Number(napi), createRequire(import.meta.url));
