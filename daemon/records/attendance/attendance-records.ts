import type { CameraId, PersonId } from '../../domain/ids.js';
import type { LivenessReason } from '../../domain/liveness/liveness.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import { personOfCandidate } from '../event-table.js';
import { explained } from '../explained.js';
import { type AttendanceCorrections, attendanceCorrectionsOf } from './attendance-corrections.js';

/** Where and when somebody was recognised, milliseconds since the epoch. */
export interface RecordedAttendance {
  readonly cameraId: CameraId;
  readonly atMs: number;
  /** False where the attendance was booked without proof of life. */
  readonly isProven: boolean;
}

/** Where and when a person was recognised without proof of life, on a day without an attendance of that person. */
export interface UnprovenSighting {
  readonly sequence: number;
  readonly cameraId: CameraId;
  readonly personId: PersonId;
  readonly atMs: number;
  readonly reason: LivenessReason;
}

/** Where and when it could have been either of two persons, milliseconds since the epoch. */
export interface AmbiguousPassage {
  readonly cameraId: CameraId;
  readonly atMs: number;
  readonly sequence: number;
  /** The nearer one first. */
  readonly candidates: readonly [PersonId, PersonId];
}

/** What reports are made of. */
export interface AttendanceRecords {
  readonly corrections: AttendanceCorrections;
  /** Of one person, by time, from `fromMs` on and before `toMs`. */
  attendancesOf(personId: PersonId, fromMs: number, toMs: number): readonly RecordedAttendance[];
  /** When the person was recognised without proof of life, by time, from `fromMs` on and before `toMs`. */
  unprovenTimesOf(personId: PersonId, fromMs: number, toMs: number): readonly number[];
  /**
   * The first `limit` recognitions without proof of life from `fromMs` on and before `toMs`, by time, of `person` where that is
   * given; without those of persons who attended within the same time.
   */
  unprovenSightings(
    fromMs: number,
    toMs: number,
    which: { readonly person: PersonId | undefined; readonly limit: number },
  ): readonly UnprovenSighting[];
  /**
   * The first `limit` passages from `fromMs` on and before `toMs`, by time, that could be of either of two persons, of `person`
   * where that is given; without those whose track was recognised as one of the two afterwards.
   */
  ambiguousPassages(
    fromMs: number,
    toMs: number,
    which: { readonly person: PersonId | undefined; readonly limit: number },
  ): readonly AmbiguousPassage[];
  /** Whether there is any attendance, recognition without proof or correction of the person. */
  hasRecords(personId: PersonId): boolean;
  /** The next `limit` persons of whom there are such records, by id, behind `after`. */
  personsAfter(after: string, limit: number): readonly PersonId[];
}

/** Of a track that could be of either of two persons, within which its attendance is looked for. */
const longestTrackMs = 86_400_000;

export function attendanceRecordsOf(database: OpenDatabase): AttendanceRecords {
  const { db } = database;
  const select = db.prepare<
    [PersonId, number, number],
    { readonly sequence: number; readonly cameraId: CameraId; readonly atMs: number }
  >(`
    SELECT sequence, camera_id AS cameraId, occurred_at_ms AS atMs
    FROM event INDEXED BY attendance_by_person
    WHERE kind = 'attendance' AND person_id = ? AND occurred_at_ms >= ? AND occurred_at_ms < ?
    ORDER BY occurred_at_ms`);
  // Few attendances are without proof: their index is read beside the other, and no payload.
  const selectWithoutProof = db
    .prepare<[PersonId, number, number], number>(`
      SELECT sequence FROM event INDEXED BY attendance_without_proof
      WHERE kind = 'attendance' AND json_extract(CAST(payload AS TEXT), '$.data.liveness.verdict') <> 'live'
        AND person_id = ? AND occurred_at_ms >= ? AND occurred_at_ms < ?`)
    .pluck();
  const selectUnprovenTimes = db
    .prepare<[PersonId, number, number], number>(`
      SELECT occurred_at_ms FROM event INDEXED BY unproven_by_person
      WHERE kind = 'recognised-unproven' AND person_id = ? AND occurred_at_ms >= ? AND occurred_at_ms < ?
      ORDER BY occurred_at_ms`)
    .pluck();
  const selectUnproven = db.prepare<
    [{ fromMs: number; toMs: number; person: PersonId | null; limit: number }],
    UnprovenSighting
  >(`
    SELECT sequence, camera_id AS cameraId, person_id AS personId, occurred_at_ms AS atMs,
           json_extract(CAST(payload AS TEXT), '$.data.liveness.reason') AS reason
    FROM event AS sighting INDEXED BY unproven_by_time
    WHERE kind = 'recognised-unproven' AND occurred_at_ms >= @fromMs AND occurred_at_ms < @toMs
      AND (@person IS NULL OR person_id = @person)
      AND NOT EXISTS (
        SELECT 1 FROM event AS attended INDEXED BY attendance_by_person
        WHERE attended.kind = 'attendance' AND attended.person_id = sighting.person_id
          AND attended.occurred_at_ms >= @fromMs AND attended.occurred_at_ms < @toMs)
    ORDER BY occurred_at_ms, sequence LIMIT @limit`);
  const selectAmbiguous = db.prepare<
    [{ fromMs: number; toMs: number; person: PersonId | null; limit: number }],
    Omit<AmbiguousPassage, 'candidates'> & { readonly nearer: PersonId; readonly other: PersonId }
  >(`
    SELECT sequence, camera_id AS cameraId, occurred_at_ms AS atMs,
           ${personOfCandidate.nearer} AS nearer, ${personOfCandidate.other} AS other
    FROM event AS passage INDEXED BY ambiguous_by_time
    WHERE kind = 'recognised-ambiguous' AND occurred_at_ms >= @fromMs AND occurred_at_ms < @toMs
      AND (@person IS NULL OR nearer = @person OR other = @person)
      AND NOT EXISTS (
        SELECT 1 FROM event AS certain
        WHERE certain.kind = 'attendance' AND certain.track_id = passage.track_id
          AND certain.sequence > passage.sequence AND certain.occurred_at_ms < passage.occurred_at_ms + ${longestTrackMs}
          AND certain.person_id IN (nearer, other))
    ORDER BY occurred_at_ms, sequence LIMIT @limit`);
  // From one person to the next through the indices: what lies between is not read.
  const nextAttended = db
    .prepare<[string], PersonId>(`
      SELECT person_id FROM event INDEXED BY attendance_by_person
      WHERE kind = 'attendance' AND person_id > ? ORDER BY person_id LIMIT 1`)
    .pluck();
  const nextUnproven = db
    .prepare<[string], PersonId>(`
      SELECT person_id FROM event INDEXED BY unproven_by_person
      WHERE kind = 'recognised-unproven' AND person_id > ? ORDER BY person_id LIMIT 1`)
    .pluck();
  const nextCorrected = db
    .prepare<[string], PersonId>(
      'SELECT person_id FROM attendance_correction WHERE person_id > ? ORDER BY person_id LIMIT 1',
    )
    .pluck();
  const next = (after: string): PersonId | undefined =>
    [nextAttended.get(after), nextUnproven.get(after), nextCorrected.get(after)]
      .filter((id) => id !== undefined)
      .sort()
      .at(0);
  const any = db
    .prepare<[{ personId: PersonId }], number>(`
      SELECT EXISTS (SELECT 1 FROM event WHERE kind = 'attendance' AND person_id = @personId)
          OR EXISTS (SELECT 1 FROM event WHERE kind = 'recognised-unproven' AND person_id = @personId)
          OR EXISTS (SELECT 1 FROM attendance_correction WHERE person_id = @personId)`)
    .pluck();
  return {
    hasRecords: (personId) => explained(database, () => any.get({ personId }) === 1),
    corrections: attendanceCorrectionsOf(database),
    attendancesOf: (personId, fromMs, toMs) =>
      explained(database, () => {
        const withoutProof = new Set(selectWithoutProof.all(personId, fromMs, toMs));
        return select
          .all(personId, fromMs, toMs)
          .map(({ sequence, ...mark }) => ({ ...mark, isProven: !withoutProof.has(sequence) }));
      }),
    unprovenTimesOf: (personId, fromMs, toMs) =>
      explained(database, () => selectUnprovenTimes.all(personId, fromMs, toMs)),
    unprovenSightings: (fromMs, toMs, { person = null, limit }) =>
      explained(database, () => selectUnproven.all({ fromMs, toMs, person, limit })),
    ambiguousPassages: (fromMs, toMs, { person = null, limit }) =>
      explained(database, () =>
        selectAmbiguous
          .all({ fromMs, toMs, person, limit })
          .map(({ nearer, other, ...passage }) => ({ ...passage, candidates: [nearer, other] })),
      ),
    personsAfter: (after, limit) =>
      explained(database, () => {
        const found: PersonId[] = [];
        for (let id = next(after); id !== undefined && found.length < limit; id = next(id)) found.push(id);
        return found;
      }),
  };
}
