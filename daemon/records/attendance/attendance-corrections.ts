import type { CorrectionKind } from '../../domain/attendance/attendance-day-correction.js';
import type { PersonId } from '../../domain/ids.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import { explained } from '../explained.js';

/** A correction of somebody's day, as it is handed to the records. */
export interface NewCorrection {
  readonly personId: PersonId;
  readonly kind: CorrectionKind;
  /** The day it is about, `YYYY-MM-DD`. */
  readonly date: string;
  /** Of `in` and `out`, milliseconds since the epoch. */
  readonly atMs: number | null;
  /** Why, in the words of whoever made it. Stays in the records; goes nowhere else. */
  readonly reason: string;
  /** Who made it: a word such as `uid:1000`. */
  readonly by: string;
  readonly recordedAtMs: number;
}

export interface StoredCorrection extends NewCorrection {
  /** In the order in which they were made. */
  readonly sequence: number;
}

/** Corrections of attendance. They are only ever added: a later one takes the place of an earlier one. */
export interface AttendanceCorrections {
  /**
   * Writes a correction; `trace` writes who made it, elsewhere, and gets its number. Where that fails there is no correction
   * either. @throws `disk-full` or another operational error when nothing was written, and what `trace` throws
   */
  add(correction: NewCorrection, trace: (sequence: number) => void): StoredCorrection;
  /** Of one person, about days from `from` to `to` (both included), in order. */
  of(personId: PersonId, from: string, to: string): readonly StoredCorrection[];
  /** Which days were corrected after the correction with the number `sequence`, in order. */
  since(sequence: number): CorrectedDates;
}

export interface CorrectedDates {
  readonly dates: readonly string[];
  /** Number of the newest correction: that which was given where there is none after it. */
  readonly newest: number;
  /** When that was made, milliseconds since the epoch; 0 where there is none. */
  readonly newestAtMs: number;
}

export function attendanceCorrectionsOf(database: OpenDatabase): AttendanceCorrections {
  const { db } = database;
  const insert = db
    .prepare<[NewCorrection], number>(`
      INSERT INTO attendance_correction (person_id, date, kind, at_ms, reason, made_by, recorded_at_ms)
      VALUES (@personId, @date, @kind, @atMs, @reason, @by, @recordedAtMs) RETURNING sequence`)
    .pluck();
  const select = db.prepare<[PersonId, string, string], StoredCorrection>(`
    SELECT sequence, person_id AS personId, date, kind, at_ms AS atMs, reason, made_by AS by,
           recorded_at_ms AS recordedAtMs
    FROM attendance_correction WHERE person_id = ? AND date BETWEEN ? AND ? ORDER BY sequence`);
  const dates = db
    .prepare<[number], string>(
      'SELECT DISTINCT date FROM attendance_correction WHERE sequence > ? ORDER BY date',
    )
    .pluck();
  const newestAfter = db.prepare<[number], { newest: number; newestAtMs: number }>(`
    SELECT sequence AS newest, recorded_at_ms AS newestAtMs
    FROM attendance_correction WHERE sequence > ? ORDER BY sequence DESC LIMIT 1`);
  return {
    since: (sequence) =>
      explained(database, () => {
        const { newest, newestAtMs } = newestAfter.get(sequence) ?? { newest: sequence, newestAtMs: 0 };
        return { dates: dates.all(sequence), newest, newestAtMs };
      }),
    add: (correction, trace) =>
      database.transaction(() => {
        const sequence = Number(insert.get(correction));
        trace(sequence);
        return { ...correction, sequence };
      }),
    of: (personId, from, to) => explained(database, () => select.all(personId, from, to)),
  };
}
