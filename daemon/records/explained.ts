import type { OpenDatabase } from '../host/sqlite.js';
import { explainSqliteError } from '../host/sqlite-errors.js';

/** Runs a question to `database`; what SQLite throws becomes an error that names its cause and remedy. */
export function explained<T>(database: OpenDatabase, question: () => T): T {
  try {
    return question();
  } catch (error) {
    throw explainSqliteError(error, database.path);
  }
}
