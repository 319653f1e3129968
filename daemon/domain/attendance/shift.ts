import { dateOfDay, dayNumberOf, type Weekday, weekdayOf } from './shift-calendar.js';

/** What clocks on the wall show at a site, daylight saving included. */
export interface LocalTime {
  /** The day at an instant, `YYYY-MM-DD`, and the second of it by the clock on the wall. */
  at(wallMs: number): { readonly date: string; readonly secondOfDay: number };
  /**
   * The instants at which the clock shows this: one on most days, two where it is set back over it (in order), none where
   * it is set forward over it.
   */
  instantsOf(date: string, secondOfDay: number): readonly number[];
  /**
   * One instant for any time of day. Where there are two, the first; where there is none, as far after the change as the
   * time is after the beginning of the gap (RFC 5545 section 3.3.5).
   */
  instantOf(date: string, secondOfDay: number): number;
}

/** Hours that people are to be there. Times of day in seconds by the clock on the wall. */
export interface Shift {
  readonly id: string;
  readonly days: readonly Weekday[];
  readonly fromS: number;
  /** Of the next day where it is not after `fromS`. */
  readonly toS: number;
  /** So much before or after the beginning is on time. */
  readonly lateGraceS: number;
  /** Leaving so much before the end is not early. */
  readonly earlyLeaveGraceS: number;
  /** Time after the end counts from so much on; then all of it. */
  readonly overtimeAfterS: number;
  /** Unpaid break, due from `breakAfterS` of presence on. */
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

/** Who comes at most so long before a shift comes for it. */
export const longestLeadMs = 4 * 3_600_000;
/** Who leaves at most so long after a shift leaves from it. */
export const longestTrailMs = 8 * 3_600_000;

const dayMs = 86_400_000;

/** The shifts of a plan by day and by time; each day is worked out once. */
export interface ShiftCalendar {
  readonly plan: AttendancePlan;
  readonly localTime: LocalTime;
  /** Those that begin on a day, in the order of the plan. */
  on(date: string): readonly ShiftOnDay[];
  /** Those that somebody seen at `wallMs` may have come for or leave from, in order of their days. */
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
      // Local days are at most one off those of UTC; a shift may have begun a day before and end eight hours ago.
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
