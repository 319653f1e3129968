import { isRollcallError } from '../../base/errors.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import type { RecordsMark, RecordsPosition } from './records-mark.js';

/** Reads where records.db stands; the name of a file that has none yet is empty. */
export function positionOf({ db }: OpenDatabase): () => RecordsPosition {
  const counters = db.prepare<[], { name: string; value: number }>('SELECT name, value FROM counter');
  const lineage = db.prepare<[], string>('SELECT name FROM lineage').pluck();
  // While a gap waits to be heard, what it states has not been told: another loss would have to state that again.
  const oldest = db
    .prepare<[], number | null>(`
      SELECT min(sequence) FROM (
        SELECT min(sequence) AS sequence FROM outbox UNION ALL
        SELECT json_extract(CAST(payload AS TEXT), '$.data.firstSequence') FROM outbox JOIN event USING (sequence)
        WHERE outbox.kind = 'gap')`)
    .pluck();
  return () => {
    const values = new Map(counters.all().map(({ name, value }) => [name, value]));
    const of = (name: string): number => values.get(name) ?? 0;
    const waiting = oldest.get() ?? undefined;
    return {
      lineage: lineage.get() ?? '',
      revision: of('revision'),
      event: of('event'),
      state: of('state'),
      settled: waiting === undefined ? of('event') : waiting - 1,
      centre: of('centre'),
    };
  };
}

/**
 * The same database, whose transactions are counted and whose numbers are reserved in the mark before they are used.
 * `onDamaged` hears of damage that a transaction meets.
 */
export function markedDatabase(
  database: OpenDatabase,
  mark: RecordsMark,
  onDamaged: (error: Error) => void,
): OpenDatabase {
  const { db } = database;
  const position = positionOf(database);
  const revise = db.prepare("UPDATE counter SET value = value + 1 WHERE name = 'revision'");
  return {
    ...database,
    transaction(work) {
      if (db.inTransaction) return database.transaction(work);
      try {
        const { done, at } = database.transaction(() => {
          const done = work();
          revise.run();
          const at = position();
          mark.reserve(at);
          return { done, at };
        });
        mark.note(at);
        return done;
      } catch (error) {
        if (isRollcallError(error, 'database-damaged')) onDamaged(error);
        throw error;
      }
    },
  };
}
