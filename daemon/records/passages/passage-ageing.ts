import type { Ageing } from '../../domain/retention/retention.js';
import type { OpenDatabase } from '../../host/sqlite.js';

/** Passages, by their start. */
export function ageingPassages(database: OpenDatabase): Ageing {
  const { db } = database;
  const count = db.prepare<[number], number>('SELECT count(*) FROM passage WHERE started_at_ms < ?').pluck();
  const remove = db.prepare<[number, number]>(`
    DELETE FROM passage WHERE number IN (
      SELECT number FROM passage WHERE started_at_ms < ? ORDER BY started_at_ms LIMIT ?)`);
  return {
    countDue: (beforeMs) => database.read(() => count.get(beforeMs) ?? 0),
    begin: (beforeMs) => (limit) =>
      database.transaction(() => {
        const { changes } = remove.run(beforeMs, limit);
        return { count: changes, isMoreDue: changes === limit };
      }),
  };
}
