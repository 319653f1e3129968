import { longestTrailMs, type ShiftCalendar } from './shift.js';
import { dateOfDay, datesBetween, dayNumberOf } from './shift-calendar.js';

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
