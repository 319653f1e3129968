import type { EventKind } from '../domain/events/event.js';
import type { PersonId } from '../domain/ids.js';
import type { Ageing } from '../domain/retention/retention.js';
import type { OpenDatabase } from '../host/sqlite.js';
import { ageingCorrections, ageingTogether } from './attendance/attendance-ageing.js';
import { explained } from './explained.js';

interface AgedEvent {
  readonly sequence: number;
  readonly recordedAtMs: number;
  readonly isWaiting: 0 | 1;
}

/** Waits no longer for a program elsewhere that reads the file: the event loop would stand still meanwhile. */
const emptyingTimeoutMs = 20;

/** What ages in the records. */
export interface RecordsRetention {
  /** Events of these kinds, attendance with its corrections; one that waits in the outbox stays until it has left it. */
  ageing(...kinds: readonly EventKind[]): Ageing;
  /**
   * What the records hold on a person beside events: empties the reasons given for corrections of their days, free text which
   * may name whoever is erased, and forgets the hashes of the photographs that a centre enrolled them from.
   */
  forgetAbout(personId: PersonId): void;
  /** Takes what was deleted out of the write-ahead log, too; false where a reader elsewhere still needs the log. */
  emptyLog(): boolean;
}

export function recordsRetentionOf(database: OpenDatabase): RecordsRetention {
  const { db } = database;
  const forgetReasons = db.prepare<[PersonId]>(
    "UPDATE attendance_correction SET reason = '' WHERE person_id = ? AND reason <> ''",
  );
  const forgetHashes = db.prepare<[PersonId]>('DELETE FROM person_photographs WHERE person_id = ?');
  return {
    forgetAbout: (personId) =>
      database.transaction(() => {
        forgetReasons.run(personId);
        forgetHashes.run(personId);
      }),
    ageing: (...kinds) =>
      ageingTogether(
        kinds.flatMap((kind) => {
          const events = ageingEvents(database, kind);
          return kind === 'attendance' ? [events, ageingCorrections(database)] : [events];
        }),
      ),
    emptyLog: () =>
      explained(database, () => {
        const timeoutMs = Number(db.pragma('busy_timeout', { simple: true }));
        db.pragma(`busy_timeout = ${emptyingTimeoutMs}`);
        try {
          return db.pragma('wal_checkpoint(TRUNCATE)', { simple: true }) === 0;
        } finally {
          db.pragma(`busy_timeout = ${timeoutMs}`);
        }
      }),
  };
}

function ageingEvents(database: OpenDatabase, kind: EventKind): Ageing {
  const { db } = database;
  const count = db
    .prepare<[{ kind: string; beforeMs: number }], number>(
      `SELECT (SELECT count(*) FROM event WHERE kind = @kind AND recorded_at_ms < @beforeMs)
            - (SELECT count(*) FROM outbox JOIN event USING (sequence)
               WHERE outbox.kind = @kind AND recorded_at_ms < @beforeMs)`,
    )
    .pluck();
  const aged = db.prepare<[string, number, number, number, number], AgedEvent>(
    `SELECT sequence, recorded_at_ms AS recordedAtMs,
            EXISTS (SELECT 1 FROM outbox WHERE outbox.sequence = event.sequence) AS isWaiting
     FROM event WHERE kind = ? AND recorded_at_ms < ? AND (recorded_at_ms, sequence) > (?, ?)
     ORDER BY recorded_at_ms, sequence LIMIT ?`,
  );
  const remove = db.prepare<[number]>('DELETE FROM event WHERE sequence = ?');
  return {
    countDue: (beforeMs) => explained(database, () => count.get({ kind, beforeMs }) ?? 0),
    begin(beforeMs) {
      // Where the outbox is long, what waits in it is passed once and not read again by every batch.
      let afterMs = Number.MIN_SAFE_INTEGER;
      let afterSequence = 0;
      return (limit) =>
        database.transaction(() => {
          const rows = aged.all(kind, beforeMs, afterMs, afterSequence, limit);
          const going = rows.filter(({ isWaiting }) => isWaiting === 0);
          for (const { sequence } of going) remove.run(sequence);
          const last = rows.at(-1);
          afterMs = last?.recordedAtMs ?? afterMs;
          afterSequence = last?.sequence ?? afterSequence;
          return { count: going.length, isMoreDue: rows.length === limit };
        });
    },
  };
}
