import type { OpenDatabase } from '../../host/sqlite.js';
import type { Ageing } from '../../kernel/retention/retention-rules.js';

/** The rows of a table by the time in the column `time`, oldest first. `key` is its primary key. */
export function ageingRows(
  database: OpenDatabase,
  { table, key, time }: { readonly table: string; readonly key: string; readonly time: string },
): Ageing {
  const { db } = database;
  const count = db.prepare<[number], number>(`SELECT count(*) FROM ${table} WHERE ${time} < ?`).pluck();
  const remove = db.prepare<[number, number]>(`
    DELETE FROM ${table} WHERE ${key} IN (
      SELECT ${key} FROM ${table} WHERE ${time} < ? ORDER BY ${time} LIMIT ?)`);
  return {
    countDue: (beforeMs) => database.read(() => Number(count.get(beforeMs))),
    begin: (beforeMs) => (limit) =>
      database.transaction(() => {
        const { changes } = remove.run(beforeMs, limit);
        return { count: changes, isMoreDue: changes === limit };
      }),
  };
}
