import type { OpenDatabase } from '../../host/sqlite.js';
import type { Ageing } from '../../kernel/retention/retention.js';

const dayMs = 86_400_000;

/** The keys of passages, by the end of their day. */
export function ageingPassageKeys(database: OpenDatabase): Ageing {
  const { db } = database;
  const count = db.prepare<[number], number>('SELECT count(*) FROM passage_key WHERE day_ms <= ?').pluck();
  const due = db
    .prepare<[number, number], string>('SELECT data_key_id FROM passage_key WHERE day_ms <= ? LIMIT ?')
    .pluck();
  const remove = db.prepare<[string]>('DELETE FROM passage_key WHERE data_key_id = ?');
  const removeKey = db.prepare<[string]>('DELETE FROM data_key WHERE id = ?');
  return {
    countDue: (beforeMs) => count.get(beforeMs - dayMs) ?? 0,
    begin: (beforeMs) => (limit) =>
      database.transaction(() => {
        const ids = due.all(beforeMs - dayMs, limit);
        for (const id of ids) {
          remove.run(id);
          removeKey.run(id);
        }
        return { count: ids.length, isMoreDue: ids.length === limit };
      }),
  };
}
