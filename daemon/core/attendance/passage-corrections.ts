import type { Config } from '../../contract/settings/schema.js';
import type { Actor } from '../../kernel/actor.js';
import { withMarkedPassages } from '../../kernel/attendance/attendance-day-correction.js';
import { staysOf } from '../../kernel/attendance/attendance-day-marks.js';
import { type LocalTime, shiftCalendar } from '../../kernel/attendance/shift.js';
import { dateOfDay, dayNumberOf } from '../../kernel/attendance/shift-calendar.js';
import type { Clock } from '../../kernel/clock.js';
import type { CameraId, PersonId } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import type { AuditLog } from '../audit/audit-log.js';
import { attendancePlan } from './attendance-plan.js';
import type { AttendanceRecords } from './attendance-records.js';

export interface PassageCorrectionsOptions {
  readonly records: AttendanceRecords;
  readonly current: () => Config;
  readonly localTime: LocalTime;
  readonly audit: Pick<AuditLog, 'append'>;
  readonly clock: Clock;
}

/** Who was at a camera at a time, and who was not. */
export interface MarkedAttendance {
  readonly cameraId: CameraId;
  readonly atMs: number;
  /** Absent: none of the enrolled persons. */
  readonly present?: PersonId;
  /** Persons whose attendance may be recorded there. */
  readonly others: readonly PersonId[];
}

/** Corrects attendance by what operators say about passages. */
export class PassageCorrections {
  readonly #options: PassageCorrectionsOptions;

  constructor(options: PassageCorrectionsOptions) {
    this.#options = options;
  }

  /**
   * Adds the attendance of who was there, and cancels those of the others, each where the days say otherwise. Every change is a
   * correction with an audit entry. Returns how many there were.
   */
  apply(marked: MarkedAttendance, reason: string, by: Actor): number {
    const due = this.#due(marked);
    for (const { id, kind } of due) this.#correct(id, kind, marked, reason, by);
    return due.length;
  }

  /** Whether the days say otherwise. */
  areDue(marked: MarkedAttendance): boolean {
    return this.#due(marked).length > 0;
  }

  #due({ present, others, ...place }: MarkedAttendance) {
    const absent = others.filter((id) => id !== present && this.#isSeen(id, place));
    const come = present === undefined || this.#isSeen(present, place) ? [] : [present];
    return [
      ...absent.map((id) => ({ id, kind: 'not-seen' as const })),
      ...come.map((id) => ({ id, kind: 'seen' as const })),
    ];
  }

  #isSeen(id: PersonId, { cameraId, atMs }: Pick<MarkedAttendance, 'cameraId' | 'atMs'>): boolean {
    const { records, localTime } = this.#options;
    const day = dayNumberOf(localTime.at(atMs).date);
    const corrections = records.corrections.of(id, dateOfDay(day - 1), dateOfDay(day + 1));
    return withMarkedPassages(records.attendancesOf(id, atMs, atMs + 1), corrections).some(
      (seen) => seen.cameraId === cameraId && seen.atMs === atMs,
    );
  }

  #correct(
    personId: PersonId,
    kind: 'seen' | 'not-seen',
    { cameraId, atMs }: Pick<MarkedAttendance, 'cameraId' | 'atMs'>,
    reason: string,
    by: Actor,
  ): void {
    const { records, current, localTime, audit, clock } = this.#options;
    const calendar = shiftCalendar(attendancePlan(current()), localTime);
    // A passage after midnight can belong to the shift of the day before.
    const [stay] = staysOf([{ atMs, direction: 'both' }], calendar);
    const date = stay?.date ?? localTime.at(atMs).date;
    const made = { personId, kind, date, atMs, cameraId, reason, by: by.actor };
    records.corrections.add({ ...made, recordedAtMs: clock.wallMs() }, (correction) => {
      const details = { correction, kind, date, at: isoTime(atMs), camera: cameraId };
      audit.append({ by, action: 'attendance.corrected', subject: personId, details });
    });
  }
}
