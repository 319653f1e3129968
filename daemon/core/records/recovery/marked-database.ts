import type { OpenDatabase } from '../../../host/sqlite.js';
import { isRollcallError } from '../../../kernel/errors.js';
import type { RecordsMark, RecordsPosition } from './records-mark.js';

/** Reads the position of records.db. `lineage` is empty for a file without a name. */
export function positionOf({ db }: OpenDatabase): () => RecordsPosition {
  const counters = db.prepare<[], { name: string; value: number }>('SELECT name, value FROM counter');
  const lineage = db.prepare<[], string>('SELECT name FROM lineage').pluck();
  // A waiting gap event counts with its first sequence: if it is lost, the next recovery must report its range again.
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
 * Wraps a database: counts its transactions, and reserves its numbers in the mark before they are used. `onDamaged` is called
 * when a transaction finds damage.
 */
export function markedDatabase(
  database: OpenDatabase,
  mark: RecordsMark,
  onDamaged: (error: Error) => void,
): OpenDatabase {
  const { db } = database;
  const position = positionOf(database);
  const revise = db.prepare("UPDATE counter SET value = value + 1 WHERE name = 'revision'");
  const noticing = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (isRollcallError(error, 'database-damaged')) onDamaged(error);
      throw error;
    }
  };
  return {
    ...database,
    // Not counted: after a power cut, the mark may not be ahead of the file.
    unsyncedTransaction: (work) =>
      db.inTransaction ? database.transaction(work) : noticing(() => database.unsyncedTransaction(work)),
    transaction(work) {
      if (db.inTransaction) return database.transaction(work);
      return noticing(() => {
        const { result, after } = database.transaction(() => {
          const result = work();
          revise.run();
          const after = position();
          mark.reserve(after);
          return { result, after };
        });
        mark.note(after);
        return result;
      });
    },
  };
}
