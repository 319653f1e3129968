import type { OpenDatabase } from '../../../host/sqlite.js';

/** What is counted, by the name under which `own_count` has it, which is its table. */
const counted: Readonly<Record<string, string | undefined>> = {
  event: undefined,
  attendance_correction: undefined,
  passage: undefined,
  outbox: undefined,
  alert_delivery: "state = 'pending'",
};

/**
 * Counts the rows that this program adds and deletes, in their own transactions. The triggers are temporary, so they know the
 * changes of this connection only: whoever else writes into the file changes no count.
 */
export function followOwnCounts({ db }: Pick<OpenDatabase, 'db'>): void {
  for (const [table, which] of Object.entries(counted)) {
    const count = (on: string, step: string, when?: string): void =>
      void db.exec(`
        CREATE TEMP TRIGGER "counted ${table} ${on}" AFTER ${on} ON main.${table} ${when === undefined ? '' : `WHEN ${when}`}
        BEGIN UPDATE own_count SET count = count + ${step} WHERE name = '${table}'; END`);
    count('INSERT', '1', which && `NEW.${which}`);
    count('DELETE', '-1', which && `OLD.${which}`);
    if (which !== undefined)
      count('UPDATE', `(NEW.${which}) - (OLD.${which})`, `(NEW.${which}) <> (OLD.${which})`);
  }
}

/** The rows that are there, as `own_count` should have them. */
export function countRows({ db }: Pick<OpenDatabase, 'db'>): ReadonlyMap<string, number> {
  return new Map(
    Object.entries(counted).map(([table, which]) => [
      table,
      Number(
        db
          .prepare(`SELECT count(*) FROM ${table} ${which === undefined ? '' : `WHERE ${which}`}`)
          .pluck()
          .get(),
      ),
    ]),
  );
}
