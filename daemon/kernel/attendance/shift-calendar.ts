import { isoTime } from '../iso-time.js';

const dayMs = 86_400_000;

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];

/**
 * Days from 1970-01-01 to `date` (`YYYY-MM-DD`, proleptic Gregorian calendar): the inverse of `isoTime`, with the same eras of
 * 400 years that begin on 1 March.
 */
export function dayNumberOf(date: string): number {
  const [year = 0, month = 0, day = 0] = date.split('-').map(Number);
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) + day - 1;
  const dayOfEra = yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear;
  return era * 146_097 + dayOfEra - 719_468;
}

/** The date `dayNumber` days after 1970-01-01, `YYYY-MM-DD`. */
export function dateOfDay(dayNumber: number): string {
  return isoTime(dayNumber * dayMs).slice(0, 10);
}

/** 1970-01-01 was a Thursday. */
export function weekdayOf(date: string): Weekday {
  return weekdays[(((dayNumberOf(date) + 3) % 7) + 7) % 7] ?? 'mon';
}

/** All days from `from` to `to`, inclusive. */
export function datesBetween(from: string, to: string): readonly string[] {
  const first = dayNumberOf(from);
  const count = Math.max(0, dayNumberOf(to) - first + 1);
  return Array.from({ length: count }, (_, index) => dateOfDay(first + index));
}
