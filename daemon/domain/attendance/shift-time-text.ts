import { isCalendarDate } from '../calendar-date.js';
import type { LocalTime } from './shift.js';
import { dateOfDay, dayNumberOf } from './shift-calendar.js';

const dayMs = 86_400_000;
const onDay = /^([01]\d|2[0-3]):([0-5]\d)(\+1)?$/;
const exact = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?(?:Z|([+-])([01]\d):([0-5]\d))$/;

/** `08:05` as a second of the day. The text was checked before. */
export function secondOfDay(text: string): number {
  const [hours = 0, minutes = 0] = text.split(':').map(Number);
  return hours * 3600 + minutes * 60;
}

const padded = (value: number): string => String(value).padStart(2, '0');

/** ISO 8601 by the clock of the site, to the second, with its difference to UTC: `2026-03-29T08:05:00+02:00`. */
export function localIso(wallMs: number, localTime: LocalTime): string {
  const { date, secondOfDay: shownS } = localTime.at(wallMs);
  const differenceMin = Math.round(
    (dayNumberOf(date) * dayMs + shownS * 1000 - Math.floor(wallMs / 1000) * 1000) / 60_000,
  );
  const sign = differenceMin < 0 ? '-' : '+';
  const offset = Math.abs(differenceMin);
  const time = [Math.floor(shownS / 3600), Math.floor(shownS / 60) % 60, shownS % 60].map(padded).join(':');
  return `${date}T${time}${sign}${padded(Math.floor(offset / 60))}:${padded(offset % 60)}`;
}

/** What a time given for a day means. */
export type GivenTime =
  | { readonly outcome: 'time'; readonly atMs: number }
  /** Not in any of the forms. */
  | { readonly outcome: 'unreadable' }
  /** The clock is set forward over it. */
  | { readonly outcome: 'no-such-time' }
  /** The clock is set back over it: it came twice. */
  | { readonly outcome: 'ambiguous'; readonly instantsMs: readonly number[] };

/**
 * Reads `08:05` (by the clock of the site on `date`), `06:10+1` (on the day after) or a time with its difference to UTC,
 * `2026-10-25T02:30+01:00`.
 */
export function readGivenTime(text: string, date: string, localTime: LocalTime): GivenTime {
  const local = onDay.exec(text);
  if (local === null) return readExact(text);
  const [, hours = '', minutes = '', next] = local;
  const day = next === undefined ? date : dateOfDay(dayNumberOf(date) + 1);
  const instantsMs = localTime.instantsOf(day, Number(hours) * 3600 + Number(minutes) * 60);
  const [atMs] = instantsMs;
  if (atMs === undefined) return { outcome: 'no-such-time' };
  return instantsMs.length === 1 ? { outcome: 'time', atMs } : { outcome: 'ambiguous', instantsMs };
}

function readExact(text: string): GivenTime {
  const found = exact.exec(text);
  const [, date = '', hours = '', minutes = '', seconds = '0', sign, offsetHours = '0', offsetMinutes = '0'] =
    found ?? [];
  if (!isCalendarDate(date)) return { outcome: 'unreadable' };
  const offsetMin = (Number(offsetHours) * 60 + Number(offsetMinutes)) * (sign === '-' ? -1 : 1);
  const shownS = Number(hours) * 3600 + (Number(minutes) - offsetMin) * 60 + Number(seconds);
  return { outcome: 'time', atMs: dayNumberOf(date) * dayMs + shownS * 1000 };
}
