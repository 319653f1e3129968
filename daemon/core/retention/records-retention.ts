import type { OpenDatabase } from '../../host/sqlite.js';
import type { EventKind } from '../../kernel/events/event.js';
import type { PersonId, StrangerId } from '../../kernel/ids.js';
import type { Ageing } from '../../kernel/retention/retention-rules.js';
import type { KeptRequests } from '../api/kept-requests.js';
import { correctionReasonsOf } from '../attendance/attendance-corrections.js';
import type { PassageJournal } from '../passages/passage-journal.js';
import type { RowSeal } from '../records/seals/row-seal.js';
import { ageingRows } from './ageing-rows.js';

interface AgedEvent {
  readonly sequence: number;
  readonly recordedAtMs: number;
  readonly isKept: 0 | 1;
}

/** The event loop is blocked while SQLite waits for another reader of the file, so it waits only this long. */
const emptyingTimeoutMs = 20;

const corrections = { table: 'attendance_correction', key: 'sequence', time: 'recorded_at_ms' };
const setAside = { table: 'row_set_aside', key: 'number', time: 'found_at_ms' };

/** Deletes old data from the records. */
export interface RecordsRetention {
  /** Events of these kinds; attendance includes its corrections, and rows that were set aside. Events in the outbox are never deleted. */
  ageing(...kinds: readonly EventKind[]): Ageing;
  passages(): Ageing;
  /** Clips of passages, with the keys of their files. */
  clips(): Ageing;
  /**
   * Deletes what the records contain about a person outside events: the reasons of corrections, which are free text and may
   * name the person, the hashes of photographs from which a centre enrolled the person, what was answered to requests about the
   * person, what was set aside in the review queue, and the passages. Returns the number of passages.
   */
  forgetAbout(personId: PersonId): number;
  /** Removes strangers from the passages, which stay. */
  forgetStrangers(ids: readonly StrangerId[]): void;
  /** Forgets requests that are older than a day, and what comes back to the review queue. Removes deleted data from the write-ahead log; false while another process reads the log. */
  emptyLog(): boolean;
}

export function recordsRetentionOf(
  database: OpenDatabase,
  {
    journal,
    requests,
    review,
    rowSeal,
  }: {
    readonly journal: Pick<PassageJournal, 'forgetPerson' | 'forgetStranger'>;
    readonly requests: Pick<KeptRequests, 'forget' | 'expire'>;
    readonly review: { forgetPerson(id: PersonId): void; expire(): void };
    readonly rowSeal: RowSeal | undefined;
  },
): RecordsRetention {
  const { db } = database;
  const reasons = correctionReasonsOf(database, rowSeal);
  const forgetAside = db.prepare<[PersonId]>("DELETE FROM row_set_aside WHERE row ->> '$.personId' = ?");
  const forgetHashes = db.prepare<[PersonId]>('DELETE FROM person_photographs WHERE person_id = ?');
  return {
    forgetAbout: (personId) =>
      database.transaction(() => {
        reasons.forget(personId);
        forgetAside.run(personId);
        forgetHashes.run(personId);
        requests.forget(personId);
        review.forgetPerson(personId);
        return journal.forgetPerson(personId);
      }),
    forgetStrangers: (ids) =>
      database.transaction(() => {
        for (const id of ids) journal.forgetStranger(id);
      }),
    passages: () => ageingRows(database, { table: 'passage', key: 'number', time: 'started_at_ms' }),
    clips: () => ageingRows(database, { table: 'passage_clip', key: 'passage', time: 'from_ms' }),
    ageing: (...kinds) =>
      ageingTogether(
        kinds.flatMap((kind) => {
          const events = ageingEvents(database, kind);
          const others = kind === 'attendance' ? [corrections, setAside] : [];
          return [events, ...others.map((rows) => ageingRows(database, rows))];
        }),
      ),
    emptyLog() {
      requests.expire();
      review.expire();
      return database.read(() => {
        const timeoutMs = Number(db.pragma('busy_timeout', { simple: true }));
        db.pragma(`busy_timeout = ${emptyingTimeoutMs}`);
        try {
          return db.pragma('wal_checkpoint(TRUNCATE)', { simple: true }) === 0;
        } finally {
          db.pragma(`busy_timeout = ${timeoutMs}`);
        }
      });
    },
  };
}

/** The newest change of a camera stays: it says since when the camera is as it is. */
const isLastOfCamera = `event.kind = 'camera' AND NOT EXISTS (
  SELECT 1 FROM event later
  WHERE later.kind = 'camera' AND later.camera_id = event.camera_id AND later.person_id IS NULL
    AND later.sequence > event.sequence)`;
const isWaiting = 'EXISTS (SELECT 1 FROM outbox WHERE outbox.sequence = event.sequence)';

function ageingEvents(database: OpenDatabase, kind: EventKind): Ageing {
  const { db } = database;
  const count = db
    .prepare<[{ kind: string; beforeMs: number }], number>(
      `SELECT (SELECT count(*) FROM event WHERE kind = @kind AND recorded_at_ms < @beforeMs)
            - (SELECT count(*) FROM outbox JOIN event USING (sequence)
               WHERE outbox.kind = @kind AND recorded_at_ms < @beforeMs)
            - (SELECT count(*) FROM event
               WHERE @kind = 'camera' AND recorded_at_ms < @beforeMs AND ${isLastOfCamera} AND NOT ${isWaiting})`,
    )
    .pluck();
  const aged = db.prepare<[string, number, number, number, number], AgedEvent>(
    `SELECT sequence, recorded_at_ms AS recordedAtMs,
            (${isWaiting} OR ${isLastOfCamera}) AS isKept
     FROM event WHERE kind = ? AND recorded_at_ms < ? AND (recorded_at_ms, sequence) > (?, ?)
     ORDER BY recorded_at_ms, sequence LIMIT ?`,
  );
  const remove = db.prepare<[number]>('DELETE FROM event WHERE sequence = ?');
  return {
    countDue: (beforeMs) => database.read(() => Number(count.get({ kind, beforeMs }))),
    begin(beforeMs) {
      // Each batch starts where the last one ended, so that rows in a long outbox are read once.
      let afterMs = Number.MIN_SAFE_INTEGER;
      let afterSequence = 0;
      return (limit) =>
        database.transaction(() => {
          const rows = aged.all(kind, beforeMs, afterMs, afterSequence, limit);
          const going = rows.filter(({ isKept }) => isKept === 0);
          for (const { sequence } of going) remove.run(sequence);
          const last = rows.at(-1);
          afterMs = last?.recordedAtMs ?? afterMs;
          afterSequence = last?.sequence ?? afterSequence;
          return { count: going.length, isMoreDue: rows.length === limit };
        });
    },
  };
}

/** Several kinds of data with one retention rule, deleted one kind after the other. */
function ageingTogether(kinds: readonly Ageing[]): Ageing {
  return {
    countDue: (beforeMs) => kinds.reduce((sum, kind) => sum + kind.countDue(beforeMs), 0),
    begin(beforeMs) {
      const steps = kinds.map((kind) => kind.begin(beforeMs));
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
