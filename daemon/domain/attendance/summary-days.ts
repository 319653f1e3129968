import { longestTrailMs, type ShiftCalendar } from './shift.js';
import { dateOfDay, datesBetween, dayNumberOf } from './shift-calendar.js';

/** Days that were missed are made up for so many days back. */
export const mostDaysBack = 31;

export function dayBefore(date: string): string {
  return dateOfDay(dayNumberOf(date) - 1);
}

/**
 * From when on nothing about a day changes by itself: it is over by the clock of the site, and whoever came for one of its
 * shifts has left or will not be taken to leave from it any more.
 */
export function dayIsOverAtMs(date: string, calendar: ShiftCalendar): number {
  const midnightMs = calendar.localTime.instantOf(dateOfDay(dayNumberOf(date) + 1), 0);
  return Math.max(midnightMs, ...calendar.on(date).map(({ endMs }) => endMs + longestTrailMs));
}

/** The days after `lastDate` that are over, in order: one that is not holds up those behind it. */
export function daysToSummarise(lastDate: string, nowMs: number, calendar: ShiftCalendar): readonly string[] {
  const { date: today } = calendar.localTime.at(nowMs);
  const earliest = dateOfDay(dayNumberOf(today) - mostDaysBack);
  const next = dateOfDay(dayNumberOf(lastDate) + 1);
  const days = datesBetween(next > earliest ? next : earliest, dayBefore(today));
  const unfinished = days.findIndex((date) => dayIsOverAtMs(date, calendar) > nowMs);
  return unfinished < 0 ? days : days.slice(0, unfinished);
}
