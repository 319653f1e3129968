import Sqlite from 'better-sqlite3';
import { migrate } from '../host/sqlite-migrations.js';
import { GALLERY_MIGRATIONS } from './schema.js';

/**
 * Whether tables, indexes and triggers are those that this program makes, and no others: a file from elsewhere could bring
 * triggers of its own. To be asked of a file in the newest form.
 */
export function hasOwnSchema(db: Sqlite.Database): boolean {
  const model = new Sqlite(':memory:');
  try {
    migrate(model, ':memory:', GALLERY_MIGRATIONS);
    return schemaOf(model) === schemaOf(db);
  } finally {
    model.close();
  }
}

function schemaOf(db: Sqlite.Database): string {
  const statements = db
    .prepare<[], string>(
      "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_schema ORDER BY type, name",
    )
    .pluck()
    .all();
  return statements.join('\n');
}
