import Sqlite from 'better-sqlite3';
import { migrate } from '../../host/sqlite-migrations.js';
import { GALLERY_MIGRATIONS } from './gallery-schema.js';

/**
 * Whether the file has exactly the tables, indexes and triggers of this program: a foreign file could bring its own triggers.
 * Call it after the migrations.
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
