import type { OpenDatabase } from '../../host/sqlite.js';
import type { PersonId } from '../../kernel/ids.js';
import type { Ageing } from '../../kernel/retention/retention-rules.js';

/**
 * Removed persons, one per batch. `erase` works as `person erase`, with tombstone and audit entry. It returns false if the person
 * is already gone.
 */
export function ageingRemovedPersons({ db }: OpenDatabase, erase: (id: PersonId) => boolean): Ageing {
  const due = db
    .prepare<[number], PersonId>(
      "SELECT id FROM person WHERE state = 'removed' AND changed_at_ms < ? ORDER BY changed_at_ms",
    )
    .pluck();
  const isDue = db
    .prepare<[string, number], number>(
      "SELECT 1 FROM person WHERE id = ? AND state = 'removed' AND changed_at_ms < ?",
    )
    .pluck();
  return {
    countDue: (beforeMs) => due.all(beforeMs).length,
    begin(beforeMs) {
      const waiting = due.all(beforeMs).values();
      return () => {
        const { done, value: id } = waiting.next();
        if (done === true) return { count: 0, isMoreDue: false };
        // The person may have been restored between two batches.
        const isGone = isDue.get(id, beforeMs) !== undefined && erase(id);
        return { count: isGone ? 1 : 0, isMoreDue: true };
      };
    },
  };
}

/**
 * Staged persons of imports that have not grown for a long time. `abandon` ends an unfinished import and returns the number of
 * deleted persons; undefined if it does not know the import.
 */
export function ageingImports(
  database: OpenDatabase,
  abandon: (importId: string) => number | undefined,
): Ageing {
  const { db } = database;
  const dueImports = db.prepare<[number], { readonly id: string; readonly persons: number }>(
    `SELECT import_id AS id, count(*) AS persons FROM person WHERE state = 'staged'
     GROUP BY import_id HAVING max(enrolled_at_ms) < ?`,
  );
  const staged = db.prepare<[string, number], { readonly id: string; readonly dataKeyId: string }>(
    "SELECT id, data_key_id AS dataKeyId FROM person WHERE state = 'staged' AND import_id = ? LIMIT ?",
  );
  const remove = db.prepare<[string]>('DELETE FROM person WHERE id = ?');
  const removeKey = db.prepare<[string]>('DELETE FROM data_key WHERE id = ?');
  const forgetRows = (importId: string, limit: number): number =>
    database.transaction(() => {
      const rows = staged.all(importId, limit);
      for (const { id, dataKeyId } of rows) {
        remove.run(id);
        removeKey.run(dataKeyId);
      }
      return rows.length;
    });
  return {
    countDue: (beforeMs) => dueImports.all(beforeMs).reduce((sum, { persons }) => sum + persons, 0),
    begin: (beforeMs) => (limit) => {
      const next = dueImports.all(beforeMs)[0];
      if (next === undefined) return { count: 0, isMoreDue: false };
      const count = abandon(next.id) ?? forgetRows(next.id, limit);
      return { count, isMoreDue: count > 0 };
    },
  };
}

/** Ids of erased persons. They are needed only as long as a backup could bring the persons back. */
export function ageingTombstones(database: OpenDatabase): Ageing {
  const { db } = database;
  const count = db.prepare<[number], number>('SELECT count(*) FROM tombstone WHERE erased_at_ms < ?').pluck();
  const remove = db.prepare<[number, number]>(
    `DELETE FROM tombstone WHERE person_id IN
     (SELECT person_id FROM tombstone WHERE erased_at_ms < ? ORDER BY erased_at_ms LIMIT ?)`,
  );
  return {
    countDue: (beforeMs) => Number(count.get(beforeMs)),
    begin: (beforeMs) => (limit) =>
      database.transaction(() => {
        const { changes } = remove.run(beforeMs, limit);
        return { count: changes, isMoreDue: changes === limit };
      }),
  };
}
