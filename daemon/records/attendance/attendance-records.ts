import type { CameraId, PersonId } from '../../domain/ids.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import { explained } from '../explained.js';
import { type AttendanceCorrections, attendanceCorrectionsOf } from './attendance-corrections.js';

/** Where and when somebody was recognised, milliseconds since the epoch. */
export interface RecordedAttendance {
  readonly cameraId: CameraId;
  readonly atMs: number;
}

/** What reports are made of. */
export interface AttendanceRecords {
  readonly corrections: AttendanceCorrections;
  /** Of one person, by time, from `fromMs` on and before `toMs`. */
  attendancesOf(personId: PersonId, fromMs: number, toMs: number): readonly RecordedAttendance[];
  /** Whether there is any attendance or correction of the person. */
  hasRecords(personId: PersonId): boolean;
  /** The next `limit` persons of whom there are attendances or corrections, by id, behind `after`. */
  personsAfter(after: string, limit: number): readonly PersonId[];
}

export function attendanceRecordsOf(database: OpenDatabase): AttendanceRecords {
  const { db } = database;
  const select = db.prepare<[PersonId, number, number], RecordedAttendance>(`
    SELECT camera_id AS cameraId, occurred_at_ms AS atMs
    FROM event INDEXED BY attendance_by_person
    WHERE kind = 'attendance' AND person_id = ? AND occurred_at_ms >= ? AND occurred_at_ms < ?
    ORDER BY occurred_at_ms`);
  // From one person to the next through the indices: what lies between is not read.
  const nextAttended = db
    .prepare<[string], PersonId>(`
      SELECT person_id FROM event INDEXED BY attendance_by_person
      WHERE kind = 'attendance' AND person_id > ? ORDER BY person_id LIMIT 1`)
    .pluck();
  const nextCorrected = db
    .prepare<[string], PersonId>(
      'SELECT person_id FROM attendance_correction WHERE person_id > ? ORDER BY person_id LIMIT 1',
    )
    .pluck();
  const next = (after: string): PersonId | undefined =>
    [nextAttended.get(after), nextCorrected.get(after)]
      .filter((id) => id !== undefined)
      .sort()
      .at(0);
  const any = db
    .prepare<[PersonId, PersonId], number>(`
      SELECT EXISTS (SELECT 1 FROM event WHERE kind = 'attendance' AND person_id = ?)
          OR EXISTS (SELECT 1 FROM attendance_correction WHERE person_id = ?)`)
    .pluck();
  return {
    hasRecords: (personId) => explained(database, () => any.get(personId, personId) === 1),
    corrections: attendanceCorrectionsOf(database),
    attendancesOf: (personId, fromMs, toMs) => explained(database, () => select.all(personId, fromMs, toMs)),
    personsAfter: (after, limit) =>
      explained(database, () => {
        const found: PersonId[] = [];
        for (let id = next(after); id !== undefined && found.length < limit; id = next(id)) found.push(id);
        return found;
      }),
  };
}
