import type { OpenDatabase } from '../../host/sqlite.js';
import { selectedOf } from '../../host/table-form.js';
import type { CorrectionKind } from '../../kernel/attendance/attendance-day-correction.js';
import type { CameraId, PersonId } from '../../kernel/ids.js';
import type { RowSeal } from '../records/seals/row-seal.js';
import { type CorrectionRow, correctionForm } from '../records/seals/sealed-forms.js';

/** A correction of a day of a person, before it is stored. */
interface NewCorrection {
  readonly personId: PersonId;
  readonly kind: CorrectionKind;
  /** The corrected day, `YYYY-MM-DD`. */
  readonly date: string;
  /** For all kinds with a time: milliseconds since the epoch. */
  readonly atMs: number | null;
  /** For `seen` and `not-seen`. */
  readonly cameraId?: CameraId | null;
  /** The reason, as free text. It stays in the records and is never published. */
  readonly reason: string;
  /** The author, such as `uid:1000`. */
  readonly by: string;
  readonly recordedAtMs: number;
}

export interface StoredCorrection extends NewCorrection {
  /** Ascends in the order of creation. */
  readonly sequence: number;
}

/** Corrections of attendance. They are never changed; a later correction overrides an earlier one. */
export interface AttendanceCorrections {
  /**
   * Writes a correction. `trace` gets its number and writes the audit entry; if it throws, the correction is not written.
   * @throws `disk-full` or another operational error, and what `trace` throws
   */
  add(correction: NewCorrection, trace: (sequence: number) => void): StoredCorrection;
  /** The corrections of one person for the days from `from` to `to` (inclusive), in order. */
  of(personId: PersonId, from: string, to: string): readonly StoredCorrection[];
  /** The days that were corrected after the correction `sequence`, in order. */
  since(sequence: number): CorrectedDates;
}

interface CorrectedDates {
  readonly dates: readonly string[];
  /** Number of the newest correction; the given number if there is no newer one. */
  readonly newest: number;
  /** Time of the newest correction, milliseconds since the epoch; 0 if there is no newer one. */
  readonly newestAtMs: number;
}

export function attendanceCorrectionsOf(
  database: OpenDatabase,
  rowSeal: RowSeal | undefined,
): AttendanceCorrections {
  const { db } = database;
  const insert = db
    .prepare<[NewCorrection & { cameraId: CameraId | null }], number>(`
      INSERT INTO attendance_correction (person_id, date, kind, at_ms, camera_id, reason, made_by, recorded_at_ms)
      VALUES (@personId, @date, @kind, @atMs, @cameraId, @reason, @by, @recordedAtMs) RETURNING sequence`)
    .pluck();
  const setSeal = sealerOf(database, rowSeal);
  const select = db.prepare<[PersonId, string, string], StoredCorrection>(`
    SELECT sequence, person_id AS personId, date, kind, at_ms AS atMs, camera_id AS cameraId, reason,
           made_by AS by, recorded_at_ms AS recordedAtMs
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
      database.read(() => {
        const { newest, newestAtMs } = newestAfter.get(sequence) ?? { newest: sequence, newestAtMs: 0 };
        return { dates: dates.all(sequence), newest, newestAtMs };
      }),
    add: (correction, trace) =>
      database.transaction(() => {
        const row = { ...correction, cameraId: correction.cameraId ?? null };
        const sequence = Number(insert.get(row));
        setSeal({ ...row, sequence });
        trace(sequence);
        return { ...correction, sequence };
      }),
    of: (personId, from, to) => database.read(() => select.all(personId, from, to)),
  };
}

/** Empties the reasons of a person's corrections. */
export function correctionReasonsOf(database: OpenDatabase, rowSeal: RowSeal | undefined) {
  const { db } = database;
  const forget = db.prepare<[PersonId], CorrectionRow>(`
    UPDATE attendance_correction SET reason = '' WHERE person_id = ? AND reason <> ''
    RETURNING ${selectedOf(correctionForm)}`);
  const setSeal = sealerOf(database, rowSeal);
  return { forget: (personId: PersonId): void => forget.all(personId).forEach(setSeal) };
}

/** Seals a row that was written; its number is known only then. */
function sealerOf({ db }: OpenDatabase, rowSeal: RowSeal | undefined): (row: CorrectionRow) => void {
  const set = db.prepare<[Uint8Array | null, number]>(
    'UPDATE attendance_correction SET seal = ? WHERE sequence = ?',
  );
  return (row) => void set.run(rowSeal?.seal(correctionForm, row) ?? null, row.sequence);
}
