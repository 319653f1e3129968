import { dateOfDay, datesBetween, dayNumberOf, type Weekday, weekdayOf } from './shift-calendar.js';

/** The local time of a site, with daylight saving. */
export interface LocalTime {
  /** The local date (`YYYY-MM-DD`) and the second of the day at an instant. */
  at(wallMs: number): { readonly date: string; readonly secondOfDay: number };
  /**
   * The instants of a local time: usually one; two (in order) if the clock is set back over it; none if it is set forward over
   * it.
   */
  instantsOf(date: string, secondOfDay: number): readonly number[];
  /**
   * One instant for any local time. If the time occurs twice, the first instant. If the clock is set forward over the time, the
   * instant that is as long after the change as the time is after the beginning of the skipped time (RFC 5545 section 3.3.5).
   */
  instantOf(date: string, secondOfDay: number): number;
}

/** Working hours. Times of day are seconds in local time. */
export interface Shift {
  readonly id: string;
  readonly days: readonly Weekday[];
  readonly fromS: number;
  /** On the next day if it is not after `fromS`. */
  readonly toS: number;
  /** An arrival that differs from the beginning by at most this is on time. */
  readonly lateGraceS: number;
  /** A leaving at most this long before the end is not early. */
  readonly earlyLeaveGraceS: number;
  /** From this time after the end on, all time after the end is overtime. */
  readonly overtimeAfterS: number;
  /** Unpaid break, deducted after `breakAfterS` of presence. */
  readonly breakS: number;
  readonly breakAfterS: number;
  /** First and last day on which it may begin, `YYYY-MM-DD`; null: no bound. */
  readonly validFrom: string | null;
  readonly validUntil: string | null;
}

/** `first-in-last-out`: from the first arrival to the last leaving; `pairs`: only the times between an in and its out. */
export type Pairing = 'first-in-last-out' | 'pairs';

export interface AttendancePlan {
  readonly shifts: readonly Shift[];
  /** Days on which no shift begins. */
  readonly holidays: ReadonlySet<string>;
  readonly pairing: Pairing;
}

/** A shift on the day on which it begins. */
export interface ShiftOnDay {
  readonly shift: Shift;
  readonly date: string;
  readonly startMs: number;
  readonly endMs: number;
}

/** A coming at most this long before a shift belongs to it. */
export const longestLeadMs = 4 * 3_600_000;
/** A leaving at most this long after a shift belongs to it. */
export const longestTrailMs = 8 * 3_600_000;

const dayMs = 86_400_000;

/** The shifts of a plan by day and by time; each day is computed once. */
export interface ShiftCalendar {
  readonly plan: AttendancePlan;
  readonly localTime: LocalTime;
  /** The shifts that begin on a day, in the order of the plan. */
  on(date: string): readonly ShiftOnDay[];
  /** The shifts that a mark at `wallMs` may belong to, in order of their days. */
  around(wallMs: number): readonly ShiftOnDay[];
}

export function shiftCalendar(plan: AttendancePlan, localTime: LocalTime): ShiftCalendar {
  const known = new Map<string, readonly ShiftOnDay[]>();
  const knownAround = new Map<number, readonly ShiftOnDay[]>();
  const on = (date: string): readonly ShiftOnDay[] => {
    const found = known.get(date) ?? shiftsOn(date, plan, localTime);
    known.set(date, found);
    return found;
  };
  return {
    plan,
    localTime,
    on,
    around(wallMs) {
      // A local date differs from the UTC date by at most one day; a shift may have begun a day earlier and ended eight hours ago.
      const utcDay = Math.floor(wallMs / dayMs);
      const found =
        knownAround.get(utcDay) ??
        [-3, -2, -1, 0, 1, 2].flatMap((distance) => on(dateOfDay(utcDay + distance)));
      knownAround.set(utcDay, found);
      return found.filter(
        ({ startMs, endMs }) => startMs - longestLeadMs <= wallMs && wallMs <= endMs + longestTrailMs,
      );
    },
  };
}

function shiftsOn(date: string, plan: AttendancePlan, localTime: LocalTime): readonly ShiftOnDay[] {
  if (plan.holidays.has(date)) return [];
  const weekday = weekdayOf(date);
  const tomorrow = dateOfDay(dayNumberOf(date) + 1);
  return plan.shifts
    .filter(
      ({ days, validFrom, validUntil }) =>
        days.includes(weekday) &&
        (validFrom === null || date >= validFrom) &&
        (validUntil === null || date <= validUntil),
    )
    .map((shift) => ({
      shift,
      date,
      startMs: localTime.instantOf(date, shift.fromS),
      endMs: localTime.instantOf(shift.toS <= shift.fromS ? tomorrow : date, shift.toS),
    }));
}

/** Missed summaries are published for at most this many days back. */
const mostDaysBack = 31;

export function dayBefore(date: string): string {
  return dateOfDay(dayNumberOf(date) - 1);
}

/**
 * The time from which a day no longer changes by itself: the local day is over, and a later leaving no longer belongs to one of
 * its shifts.
 */
export function dayIsOverAtMs(date: string, calendar: ShiftCalendar): number {
  const midnightMs = calendar.localTime.instantOf(dateOfDay(dayNumberOf(date) + 1), 0);
  return Math.max(midnightMs, ...calendar.on(date).map(({ endMs }) => endMs + longestTrailMs));
}

/** The days after `lastDate` that are over, in order, up to the first day that is not over. */
export function daysToSummarise(lastDate: string, nowMs: number, calendar: ShiftCalendar): readonly string[] {
  const { date: today } = calendar.localTime.at(nowMs);
  const earliest = dateOfDay(dayNumberOf(today) - mostDaysBack);
  const next = dateOfDay(dayNumberOf(lastDate) + 1);
  const days = datesBetween(next > earliest ? next : earliest, dayBefore(today));
  const unfinished = days.findIndex((date) => dayIsOverAtMs(date, calendar) > nowMs);
  return unfinished < 0 ? days : days.slice(0, unfinished);
}
