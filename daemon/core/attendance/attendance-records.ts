import type { OpenDatabase } from '../../host/sqlite.js';
import type { CameraId, PersonId } from '../../kernel/ids.js';
import type { LivenessReason } from '../../kernel/liveness/liveness.js';
import { personOfCandidate } from '../records/event-table.js';
import type { RowSeal } from '../records/seals/row-seal.js';
import { type AttendanceCorrections, attendanceCorrectionsOf } from './attendance-corrections.js';

/** Camera and time of an attendance. */
interface RecordedAttendance {
  readonly cameraId: CameraId;
  /** Milliseconds since the epoch. */
  readonly atMs: number;
  /** False for an attendance that was recorded without proof of life. */
  readonly isProven: boolean;
}

/** A recognition without proof of life, in a period in which the person has no attendance. */
export interface UnprovenSighting {
  readonly sequence: number;
  readonly cameraId: CameraId;
  readonly personId: PersonId;
  readonly atMs: number;
  readonly reason: LivenessReason;
}

/** A passage that could be either of two persons. */
export interface AmbiguousPassage {
  readonly cameraId: CameraId;
  readonly atMs: number;
  readonly sequence: number;
  /** The more similar one first. */
  readonly candidates: readonly [PersonId, PersonId];
}

/** The queries of attendance reports. Each reads times `fromMs <= t < toMs`, in order of time. */
export interface AttendanceRecords {
  readonly corrections: AttendanceCorrections;
  attendancesOf(personId: PersonId, fromMs: number, toMs: number): readonly RecordedAttendance[];
  /** Times at which the person was recognised without proof of life. */
  unprovenTimesOf(personId: PersonId, fromMs: number, toMs: number): readonly number[];
  /**
   * The first `limit` recognitions without proof of life, of `person` or of all; without persons who have an attendance
   * in the same period.
   */
  unprovenSightings(
    fromMs: number,
    toMs: number,
    which: { readonly person: PersonId | undefined; readonly limit: number },
  ): readonly UnprovenSighting[];
  /**
   * The first `limit` ambiguous passages, of `person` or of all; without passages whose track was later recognised as one
   * of the two persons.
   */
  ambiguousPassages(
    fromMs: number,
    toMs: number,
    which: { readonly person: PersonId | undefined; readonly limit: number },
  ): readonly AmbiguousPassage[];
  /** Whether the person has any attendance, recognition without proof or correction. */
  hasRecords(personId: PersonId): boolean;
  /** The first `limit` persons with such records whose id is greater than `after`, ordered by id. */
  personsAfter(after: string, limit: number): readonly PersonId[];
}

/** An attendance of the track of an ambiguous passage is searched for within this time. */
const longestTrackMs = 86_400_000;

export function attendanceRecordsOf(database: OpenDatabase, rowSeal?: RowSeal): AttendanceRecords {
  const { db } = database;
  const select = db.prepare<
    [PersonId, number, number],
    { readonly sequence: number; readonly cameraId: CameraId; readonly atMs: number }
  >(`
    SELECT sequence, camera_id AS cameraId, occurred_at_ms AS atMs
    FROM event INDEXED BY attendance_by_person
    WHERE kind = 'attendance' AND person_id = ? AND occurred_at_ms >= ? AND occurred_at_ms < ?
    ORDER BY occurred_at_ms`);
  // Few attendances are without proof: a second index finds them without reading payloads.
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
  // Each step jumps to the next person in an index and reads no rows in between.
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
    // Those without a next one come last.
    [nextAttended.get(after), nextUnproven.get(after), nextCorrected.get(after)].sort().at(0);
  const any = db
    .prepare<[{ personId: PersonId }], number>(`
      SELECT EXISTS (SELECT 1 FROM event WHERE kind = 'attendance' AND person_id = @personId)
          OR EXISTS (SELECT 1 FROM event WHERE kind = 'recognised-unproven' AND person_id = @personId)
          OR EXISTS (SELECT 1 FROM attendance_correction WHERE person_id = @personId)`)
    .pluck();
  return {
    hasRecords: (personId) => database.read(() => any.get({ personId }) === 1),
    corrections: attendanceCorrectionsOf(database, rowSeal),
    attendancesOf: (personId, fromMs, toMs) =>
      database.read(() => {
        const withoutProof = new Set(selectWithoutProof.all(personId, fromMs, toMs));
        return select
          .all(personId, fromMs, toMs)
          .map(({ sequence, ...mark }) => ({ ...mark, isProven: !withoutProof.has(sequence) }));
      }),
    unprovenTimesOf: (personId, fromMs, toMs) =>
      database.read(() => selectUnprovenTimes.all(personId, fromMs, toMs)),
    unprovenSightings: (fromMs, toMs, { person = null, limit }) =>
      database.read(() => selectUnproven.all({ fromMs, toMs, person, limit })),
    ambiguousPassages: (fromMs, toMs, { person = null, limit }) =>
      database.read(() =>
        selectAmbiguous
          .all({ fromMs, toMs, person, limit })
          .map(({ nearer, other, ...passage }) => ({ ...passage, candidates: [nearer, other] })),
      ),
    personsAfter: (after, limit) =>
      database.read(() => {
        const found: PersonId[] = [];
        for (let id = next(after); id !== undefined && found.length < limit; id = next(id)) found.push(id);
        return found;
      }),
  };
}
