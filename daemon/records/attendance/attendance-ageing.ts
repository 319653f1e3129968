import type { Ageing } from '../../domain/retention/retention.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import { explained } from '../explained.js';

/** Corrections of attendance, by when they were made. */
export function ageingCorrections(database: OpenDatabase): Ageing {
  const { db } = database;
  const count = db
    .prepare<[number], number>('SELECT count(*) FROM attendance_correction WHERE recorded_at_ms < ?')
    .pluck();
  const remove = db.prepare<[number, number]>(`
    DELETE FROM attendance_correction WHERE sequence IN (
      SELECT sequence FROM attendance_correction WHERE recorded_at_ms < ? ORDER BY recorded_at_ms LIMIT ?)`);
  return {
    countDue: (beforeMs) => explained(database, () => count.get(beforeMs) ?? 0),
    begin: (beforeMs) => (limit) =>
      database.transaction(() => {
        const { changes } = remove.run(beforeMs, limit);
        return { count: changes, isMoreDue: changes === limit };
      }),
  };
}

/** Things of several sorts that have one rule: each is forgotten once nothing of those before it is due. */
export function ageingTogether(sorts: readonly Ageing[]): Ageing {
  return {
    countDue: (beforeMs) => sorts.reduce((sum, sort) => sum + sort.countDue(beforeMs), 0),
    begin(beforeMs) {
      const steps = sorts.map((sort) => sort.begin(beforeMs));
      return (limit) => {
        const [step] = steps;
        if (step === undefined) return { count: 0, isMoreDue: false };
        const { count, isMoreDue } = step(limit);
        if (!isMoreDue) steps.shift();
        return { count, isMoreDue: steps.length > 0 };
      };
    },
  };
}
