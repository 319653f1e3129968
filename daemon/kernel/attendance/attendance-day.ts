import { type Correction, correctedStays, correctionsByDate } from './attendance-day-correction.js';
import { type Mark, type Stay, staysOf } from './attendance-day-marks.js';
import { areProven, type StayTimes, timesOf } from './attendance-day-times.js';
import { longestTrailMs, type Pairing, type ShiftCalendar, type ShiftOnDay } from './shift.js';
import { datesBetween } from './shift-calendar.js';

/**
 * Statuses of a day.
 * - Arrival: `early`, `on-time`, `late`. Leaving: `left-early`, `overtime`.
 * - A day without attendance: `absent`, `excused`, or `expected` before its shifts are over.
 * - `present`: came and has not left yet. `incomplete`: an in or an out is missing.
 * - `unproven`: a time comes from an attendance without proof of life. `seen-not-proven`: the person was recognised without
 *   proof of life and has no attendance.
 */
export const attendanceStatuses = [
  'early',
  'on-time',
  'late',
  'left-early',
  'overtime',
  'absent',
  'excused',
  'expected',
  'present',
  'incomplete',
  'unproven',
  'seen-not-proven',
] as const;
export type AttendanceStatus = (typeof attendanceStatuses)[number];

/** A day of a person, or one of its stays. Durations in milliseconds. */
export interface AttendanceDay {
  readonly date: string;
  /** Undefined on a day without a shift, and for an absence on a day with several shifts. */
  readonly on: ShiftOnDay | undefined;
  readonly firstInMs: number | undefined;
  readonly lastOutMs: number | undefined;
  readonly statuses: readonly AttendanceStatus[];
  /** Worked, break and away together are the time from the first in to the last out. */
  readonly workedMs: number;
  /** Time worked until now by a person who is present; otherwise undefined. After the leaving it counts in `workedMs`. */
  readonly workedSoFarMs: number | undefined;
  readonly breakMs: number;
  /** Between an out and the next in. */
  readonly awayMs: number;
  readonly earlyMs: number;
  readonly lateMs: number;
  readonly leftEarlyMs: number;
  readonly overtimeMs: number;
  readonly isCorrected: boolean;
}

interface PersonFacts {
  /** In any order; from three days before the first day of the period to three after its last. */
  readonly marks: readonly Mark[];
  /** Times of recognition without proof of life, wall clock; at least those of the period. */
  readonly unprovenMs?: readonly number[];
  /** In the order of creation. */
  readonly corrections: readonly Correction[];
  /** Time of enrolment, from which attendance is expected; undefined: unknown, and absences are not reported. */
  readonly expectedFromMs: number | undefined;
}

/** Days from `from` to `to`, inclusive. */
export interface DayPeriod {
  readonly from: string;
  readonly to: string;
}

const nothing = { workedMs: 0, breakMs: 0, awayMs: 0, earlyMs: 0, lateMs: 0, leftEarlyMs: 0, overtimeMs: 0 };

/** The days of one person in order, without days on which nothing happened and no attendance was due. */
export function attendanceDays(
  { marks, unprovenMs = [], corrections, expectedFromMs }: PersonFacts,
  calendar: ShiftCalendar,
  { from, to }: DayPeriod,
  nowMs: number,
): readonly AttendanceDay[] {
  const byDate = correctionsByDate(corrections);
  const stays = correctedStays(marks, byDate, calendar);
  const attended = stays
    .filter(({ date }) => from <= date && date <= to)
    .map((stay) => {
      const correction = byDate.get(stay.date);
      const isCorrected =
        correction?.inMs !== undefined ||
        correction?.outMs !== undefined ||
        correction?.isSeenOtherwise === true;
      return dayOf(stay, { calendar, nowMs, isCorrected });
    });
  const attendedDates = new Set(attended.map(({ date }) => date));
  // Each time counts as a single mark, so that one after midnight counts for the current night shift.
  const seenDates = new Set(
    unprovenMs.flatMap((atMs) => staysOf([{ atMs, direction: 'both' }], calendar).map(({ date }) => date)),
  );
  const others = datesBetween(from, to)
    .filter((date) => !attendedDates.has(date))
    .flatMap((date) => {
      const isExcused = byDate.get(date)?.isExcused === true;
      const isSeen = seenDates.has(date);
      return missedDay(date, calendar.on(date), { expectedFromMs, isExcused, isSeen, nowMs }) ?? [];
    });
  return [...attended, ...others].sort((a, b) =>
    a.date === b.date ? beganAt(a) - beganAt(b) : a.date < b.date ? -1 : 1,
  );
}

const beganAt = ({ firstInMs, lastOutMs }: AttendanceDay): number => firstInMs ?? lastOutMs ?? 0;

function missedDay(
  date: string,
  shifts: readonly ShiftOnDay[],
  about: {
    readonly expectedFromMs: number | undefined;
    readonly isExcused: boolean;
    /** Without proof of life. */
    readonly isSeen: boolean;
    readonly nowMs: number;
  },
): AttendanceDay | undefined {
  const { expectedFromMs, isExcused, isSeen, nowMs } = about;
  const isDue =
    expectedFromMs !== undefined &&
    shifts.length > 0 &&
    shifts.some(({ startMs }) => expectedFromMs <= startMs);
  if (!isDue && !isExcused && !isSeen) return undefined;
  const isOver = shifts.every(({ endMs }) => endMs <= nowMs);
  const [only, ...others] = shifts;
  return {
    date,
    on: others.length === 0 ? only : undefined,
    firstInMs: undefined,
    lastOutMs: undefined,
    workedSoFarMs: undefined,
    statuses: [
      ...(isExcused ? (['excused'] as const) : isDue ? ([isOver ? 'absent' : 'expected'] as const) : []),
      ...(isSeen ? (['seen-not-proven'] as const) : []),
    ],
    ...nothing,
    isCorrected: isExcused,
  };
}

interface DayContext {
  readonly calendar: ShiftCalendar;
  readonly nowMs: number;
  readonly isCorrected: boolean;
}

function dayOf({ date, on, marks }: Stay, { calendar, nowMs, isCorrected }: DayContext): AttendanceDay {
  const { plan, localTime } = calendar;
  const times = timesOf(marks, plan.pairing, on);
  const mayContinue = on === undefined ? localTime.at(nowMs).date <= date : nowMs < on.endMs + longestTrailMs;
  const { workedMs, breakMs } = workedOf(times, on);
  const against = on === undefined ? offShift(workedMs, plan.shifts.length > 0) : measured(times, on, nowMs);
  const { statuses, ...durations } = against;
  const isPresent = times.isOpen && mayContinue;
  return {
    date,
    on,
    firstInMs: times.firstInMs,
    lastOutMs: times.lastOutMs,
    ...durations,
    workedMs,
    workedSoFarMs: isPresent ? workedUntil(nowMs, marks, plan.pairing, on) : undefined,
    breakMs,
    awayMs: times.awayMs,
    statuses: [
      ...statuses,
      ...(isPresent ? (['present'] as const) : times.isWhole ? [] : (['incomplete'] as const)),
      ...(areProven(marks, times, plan.pairing) ? [] : (['unproven'] as const)),
    ],
    isCorrected,
  };
}

/** The time worked if the person left at `nowMs`, or at the last mark if the clock is before it. */
function workedUntil(
  nowMs: number,
  marks: readonly Mark[],
  pairing: Pairing,
  on: ShiftOnDay | undefined,
): number {
  const atMs = Math.max(nowMs, marks.at(-1)?.atMs ?? nowMs);
  return workedOf(timesOf([...marks, { atMs, direction: 'out' }], pairing, on), on).workedMs;
}

/**
 * The break is deducted from the presence beyond `breakAfterS`, so it is never longer than that. Time away counts as a part of the
 * break.
 */
function workedOf({ presentMs, awayMs }: StayTimes, on: ShiftOnDay | undefined) {
  const { breakS = 0, breakAfterS = 0 } = on?.shift ?? {};
  const beyondMs = Math.max(0, presentMs - breakAfterS * 1000);
  const breakMs = Math.min(Math.max(0, breakS * 1000 - awayMs), beyondMs);
  return { workedMs: presentMs - breakMs, breakMs };
}

interface Measured extends Pick<AttendanceDay, 'earlyMs' | 'lateMs' | 'leftEarlyMs' | 'overtimeMs'> {
  readonly statuses: readonly AttendanceStatus[];
}

/** If the plan has shifts, all work on a day without a shift is overtime. */
function offShift(workedMs: number, areThereShifts: boolean): Measured {
  const overtimeMs = areThereShifts ? workedMs : 0;
  return { ...nothing, overtimeMs, statuses: overtimeMs > 0 ? ['overtime'] : [] };
}

function measured({ firstInMs, lastOutMs, isOpen }: StayTimes, on: ShiftOnDay, nowMs: number): Measured {
  const { shift, startMs, endMs } = on;
  const beforeMs = firstInMs === undefined ? 0 : startMs - firstInMs;
  const graceMs = shift.lateGraceS * 1000;
  const hasLeft = lastOutMs !== undefined && !isOpen && endMs <= Math.max(nowMs, lastOutMs);
  const afterMs = hasLeft ? lastOutMs - endMs : 0;
  const earlyMs = beforeMs > graceMs ? beforeMs : 0;
  const lateMs = -beforeMs > graceMs ? -beforeMs : 0;
  const leftEarlyMs = -afterMs > shift.earlyLeaveGraceS * 1000 ? -afterMs : 0;
  const overtimeMs = afterMs > 0 && afterMs >= shift.overtimeAfterS * 1000 ? afterMs : 0;
  const arrival = earlyMs > 0 ? 'early' : lateMs > 0 ? 'late' : 'on-time';
  return {
    earlyMs,
    lateMs,
    leftEarlyMs,
    overtimeMs,
    statuses: [
      ...(firstInMs === undefined ? [] : ([arrival] as const)),
      ...(leftEarlyMs > 0 ? (['left-early'] as const) : []),
      ...(overtimeMs > 0 ? (['overtime'] as const) : []),
    ],
  };
}
