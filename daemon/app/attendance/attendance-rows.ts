import type { AttendanceRow, ShownCorrection } from '../../control/attendance-control.js';
import type { AttendanceDay } from '../../domain/attendance/attendance-day.js';
import type { LocalTime } from '../../domain/attendance/shift.js';
import { localIso } from '../../domain/attendance/time-text.js';
import type { StoredCorrection } from '../../records/attendance/attendance-corrections.js';

const minutes = (durationMs: number): number => Math.floor(durationMs / 60_000);

export function showDay(
  person: { readonly id: string; readonly name: string | undefined },
  day: AttendanceDay,
  localTime: LocalTime,
): AttendanceRow {
  const shown = (wallMs: number | undefined): string | null =>
    wallMs === undefined ? null : localIso(wallMs, localTime);
  return {
    person: person.id,
    ...(person.name === undefined ? {} : { name: person.name }),
    date: day.date,
    shift: day.on?.shift.id ?? null,
    shiftFrom: shown(day.on?.startMs),
    shiftTo: shown(day.on?.endMs),
    firstIn: shown(day.firstInMs),
    lastOut: shown(day.lastOutMs),
    statuses: day.statuses,
    workedMin: minutes(day.workedMs),
    ...(day.workedSoFarMs === undefined ? {} : { workedSoFarMin: minutes(day.workedSoFarMs) }),
    breakMin: minutes(day.breakMs),
    awayMin: minutes(day.awayMs),
    earlyMin: minutes(day.earlyMs),
    lateMin: minutes(day.lateMs),
    leftEarlyMin: minutes(day.leftEarlyMs),
    overtimeMin: minutes(day.overtimeMs),
    isCorrected: day.isCorrected,
  };
}

export function showCorrection(correction: StoredCorrection, localTime: LocalTime): ShownCorrection {
  const { sequence, personId, date, kind, atMs, reason, by, recordedAtMs } = correction;
  return {
    number: sequence,
    person: personId,
    date,
    kind,
    at: atMs === null ? null : localIso(atMs, localTime),
    reason,
    by,
    madeAt: localIso(recordedAtMs, localTime),
  };
}
