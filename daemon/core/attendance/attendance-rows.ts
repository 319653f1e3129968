import type {
  AmbiguousPassageRow,
  AttendanceRow,
  ShownCorrection,
  UnprovenSightingRow,
} from '../../contract/attendance.js';
import type { AttendanceDay } from '../../kernel/attendance/attendance-day.js';
import type { LocalTime } from '../../kernel/attendance/shift.js';
import { localIso } from '../../kernel/attendance/time-text.js';
import type { Direction } from '../../kernel/events/event.js';
import { present } from '../../kernel/present.js';
import type { StoredCorrection } from './attendance-corrections.js';
import type { EnrolledPerson, ShownProfile } from './attendance-persons.js';
import type { AmbiguousPassage, UnprovenSighting } from './attendance-records.js';

const minutes = (durationMs: number): number => Math.floor(durationMs / 60_000);

export function showDay(
  person: { readonly id: string; readonly name: string | undefined } & ShownProfile,
  day: AttendanceDay,
  localTime: LocalTime,
): AttendanceRow {
  const shown = (wallMs: number | undefined): string | null =>
    wallMs === undefined ? null : localIso(wallMs, localTime);
  return {
    person: person.id,
    ...present({ name: person.name, externalId: person.externalId, fields: person.fields }),
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

export function showPassage(
  { atMs, cameraId, sequence, candidates }: AmbiguousPassage,
  context: {
    readonly direction: Direction;
    readonly persons: ReadonlyMap<string, EnrolledPerson> | undefined;
    readonly isCorrected: boolean;
    readonly localTime: LocalTime;
  },
): AmbiguousPassageRow {
  const { direction, persons, isCorrected, localTime } = context;
  const named = (person: string) => {
    const name = persons?.get(person)?.name;
    return { person, ...present({ name }) };
  };
  return {
    date: localTime.at(atMs).date,
    at: localIso(atMs, localTime),
    ...{ camera: cameraId, direction, event: sequence, candidates: candidates.map(named), isCorrected },
  };
}

export function showSighting(
  { atMs, cameraId, personId, sequence, reason }: UnprovenSighting,
  context: {
    readonly date: string;
    readonly direction: Direction;
    readonly persons: ReadonlyMap<string, EnrolledPerson> | undefined;
    readonly isCorrected: boolean;
    readonly localTime: LocalTime;
  },
): UnprovenSightingRow {
  const { date, direction, persons, isCorrected, localTime } = context;
  const name = persons?.get(personId)?.name;
  return {
    ...{ person: personId, ...present({ name }), date, at: localIso(atMs, localTime) },
    ...{ camera: cameraId, direction, reason, event: sequence, isCorrected },
  };
}

export function showCorrection(correction: StoredCorrection, localTime: LocalTime): ShownCorrection {
  const { sequence, personId, date, kind, atMs, cameraId, reason, by, recordedAtMs } = correction;
  return {
    number: sequence,
    person: personId,
    date,
    kind,
    at: atMs === null ? null : localIso(atMs, localTime),
    ...present({ camera: cameraId ?? undefined }),
    reason,
    by,
    madeAt: localIso(recordedAtMs, localTime),
  };
}
