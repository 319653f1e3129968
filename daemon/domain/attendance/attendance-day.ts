import { type Correction, correctedStays, correctionsByDate } from './attendance-day-correction.js';
import type { Mark, Stay } from './attendance-day-marks.js';
import { areProven, type StayTimes, timesOf } from './attendance-day-times.js';
import { longestTrailMs, type Pairing, type ShiftCalendar, type ShiftOnDay } from './shift.js';
import { datesBetween } from './shift-calendar.js';

/**
 * What is to be said of a day. Of arriving: `early`, `on-time`, `late`. Of leaving: `left-early`, `overtime`. Of a day
 * without a look at the person: `absent`, or `excused`, or `expected` before the shifts are over. `present`: in, and not
 * out yet. `incomplete`: an in or an out is missing. Of proof: `unproven`, where a time rests on an attendance without proof of
 * life; `seen-not-proven`, where the person was recognised without proof and did not attend.
 */
export type AttendanceStatus =
  | 'early'
  | 'on-time'
  | 'late'
  | 'left-early'
  | 'overtime'
  | 'absent'
  | 'excused'
  | 'expected'
  | 'present'
  | 'incomplete'
  | 'unproven'
  | 'seen-not-proven';

/** A person's day, or one of the stays of a day. Durations in milliseconds. */
export interface AttendanceDay {
  readonly date: string;
  /** Undefined on a day without a shift, and of an absence where there are several to choose from. */
  readonly on: ShiftOnDay | undefined;
  readonly firstInMs: number | undefined;
  readonly lastOutMs: number | undefined;
  readonly statuses: readonly AttendanceStatus[];
  /** Worked, break and away are together the time from the first in to the last out. */
  readonly workedMs: number;
  /** Worked until now by a person who is present; undefined otherwise. `workedMs` counts it once the person has left. */
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

export interface PersonFacts {
  /** In any order; from three days before the first day of the period to three after its last. */
  readonly marks: readonly Mark[];
  /** When the person was recognised without proof of life, wall clock; of the days of the period at least. */
  readonly unprovenMs?: readonly number[];
  /** In the order in which they were made. */
  readonly corrections: readonly Correction[];
  /** When the person was enrolled, from when on they are to come; undefined: nobody knows, and absences are not told. */
  readonly expectedFromMs: number | undefined;
}

/** Days from `from` to `to`, both included. */
export interface DayPeriod {
  readonly from: string;
  readonly to: string;
}

const nothing = { workedMs: 0, breakMs: 0, awayMs: 0, earlyMs: 0, lateMs: 0, leftEarlyMs: 0, overtimeMs: 0 };

/** One person's days in order. Days on which nothing happened and nothing was due are left out. */
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
      const isCorrected = correction?.inMs !== undefined || correction?.outMs !== undefined;
      return dayOf(stay, { calendar, nowMs, isCorrected });
    });
  const attendedDates = new Set(attended.map(({ date }) => date));
  const seenDates = new Set(unprovenMs.map((atMs) => calendar.localTime.at(atMs).date));
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
  const mayGoOn = on === undefined ? localTime.at(nowMs).date <= date : nowMs < on.endMs + longestTrailMs;
  const { workedMs, breakMs } = workedOf(times, on);
  const against = on === undefined ? offShift(workedMs, plan.shifts.length > 0) : measured(times, on, nowMs);
  const { statuses, ...durations } = against;
  const isPresent = times.isOpen && mayGoOn;
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

/** As if the person left at `nowMs`, or at the last look where the clock stands before it. */
function workedUntil(
  nowMs: number,
  marks: readonly Mark[],
  pairing: Pairing,
  on: ShiftOnDay | undefined,
): number {
  const atMs = Math.max(nowMs, marks.at(-1)?.atMs ?? nowMs);
  return workedOf(timesOf([...marks, { atMs, direction: 'out' }], pairing, on), on).workedMs;
}

/** The break is due from a length of presence on, is never more than what is beyond it, and time away counts towards it. */
function workedOf({ presentMs, awayMs }: StayTimes, on: ShiftOnDay | undefined) {
  const { breakS = 0, breakAfterS = 0 } = on?.shift ?? {};
  const beyondMs = Math.max(0, presentMs - breakAfterS * 1000);
  const breakMs = Math.min(Math.max(0, breakS * 1000 - awayMs), beyondMs);
  return { workedMs: presentMs - breakMs, breakMs };
}

interface Measured extends Pick<AttendanceDay, 'earlyMs' | 'lateMs' | 'leftEarlyMs' | 'overtimeMs'> {
  readonly statuses: readonly AttendanceStatus[];
}

/** Where there are shifts, what is worked on a day without one is overtime. */
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
