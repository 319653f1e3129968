import { isCalendarDate } from '../calendar-date.js';
import type { LocalTime } from './shift.js';
import { dateOfDay, dayNumberOf } from './shift-calendar.js';

const dayMs = 86_400_000;
/** A day, a time of day and a UTC offset; each may be missing here. */
const moment =
  /^(?:(?<date>\d{4}-\d{2}-\d{2}|today|yesterday)(?<sep>[T ](?=\d))?)?(?:(?<clock>(?:\d|[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,3})?)?)(?<offset>Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)?)?$/i;
const span =
  /^(?<sign>\+?)(?:(?<w>\d{1,4})w)?(?:(?<d>\d{1,5})d)?(?:(?<h>\d{1,6})h)?(?:(?<m>\d{1,7})m(?:in)?)?(?:(?<s>\d{1,8})s)?$/;
const spanMs = { w: 7 * dayMs, d: dayMs, h: 3_600_000, m: 60_000, s: 1000 } as const;

/** `08:05` as a second of the day. The text must be valid. */
export function secondOfDay(text: string): number {
  const [hours = 0, minutes = 0, seconds = 0] = text.split(':').map(Number);
  return hours * 3600 + minutes * 60 + seconds;
}

const padded = (value: number): string => String(value).padStart(2, '0');

/** ISO 8601 in local time with UTC offset, to the second: `2026-03-29T08:05:00+02:00`. */
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

/**
 * A local time for display, to the second: `2026-03-29 08:05:00`. A time that occurs twice has its UTC offset:
 * `2026-10-25 02:30:00+01:00`. `readTime` reads both forms.
 */
export function shownTime(wallMs: number, localTime: LocalTime): string {
  const iso = localIso(wallMs, localTime);
  const isTwice = localTime.instantsOf(iso.slice(0, 10), secondOfDay(iso.slice(11, 19))).length > 1;
  return iso.slice(0, isTwice ? undefined : 19).replace('T', ' ');
}

/** The result of reading a time that a person wrote. */
export type GivenTime =
  | { readonly outcome: 'time'; readonly atMs: number }
  /** In none of the known forms. */
  | { readonly outcome: 'unreadable' }
  /** The clock is set forward over it. */
  | { readonly outcome: 'no-such-time' }
  /** The clock is set back over it, so it occurs twice. */
  | { readonly outcome: 'ambiguous'; readonly instantsMs: readonly number[] };

const unreadable: GivenTime = { outcome: 'unreadable' };

/** The context in which a time is read. */
export interface TimeReading {
  readonly nowMs: number;
  readonly localTime: LocalTime;
  /** The meaning of a day without a time of day: its beginning or, as the end of a period, its end. */
  readonly edge: 'begin' | 'end';
}

/**
 * Reads a time in local time: `08:05` (today), `2026-11-22`, `today`, `yesterday`, `2026-11-22 08:05`, the same with a UTC
 * offset (`2026-10-25 02:30+01:00`), `now`, `1h30m` (ago) or `+30d` (from now).
 */
export function readTime(text: string, { nowMs, localTime, edge }: TimeReading): GivenTime {
  if (text === 'now') return { outcome: 'time', atMs: nowMs };
  const length = readSpan(text);
  if (length !== undefined) return { outcome: 'time', atMs: nowMs + length };
  const today = localTime.at(nowMs).date;
  const date = readDate(text, today);
  if (date === undefined) return readMoment(text, today, localTime);
  const day = edge === 'begin' ? date : dateOfDay(dayNumberOf(date) + 1);
  return { outcome: 'time', atMs: localTime.instantOf(day, 0) };
}

/** Reads `YYYY-MM-DD`, `today` or `yesterday` as `YYYY-MM-DD`; undefined for other texts. */
export function readDate(text: string, today: string): string | undefined {
  const date = { today, yesterday: dateOfDay(dayNumberOf(today) - 1) }[text.toLowerCase()] ?? text;
  return isCalendarDate(date) ? date : undefined;
}

/**
 * Reads `08:05` (local time on `date`), `06:10+1` (on the next day) or a time with its day, with or without a UTC offset,
 * `2026-10-25T02:30+01:00`.
 */
export function readGivenTime(text: string, date: string, localTime: LocalTime): GivenTime {
  // `today` is the day on which the text is written, and `date` is the day that the text is about.
  if (/today|yesterday/i.test(text)) return unreadable;
  const next = /^(?<clock>\d{1,2}:\d{2})\+1$/.exec(text)?.groups?.['clock'];
  if (next !== undefined) return readMoment(next, dateOfDay(dayNumberOf(date) + 1), localTime);
  return readMoment(text, date, localTime);
}

/** Reads a time of day, on `today` if the text has no day. */
function readMoment(text: string, today: string, localTime: LocalTime): GivenTime {
  const { date: written, sep, clock, offset } = moment.exec(text)?.groups ?? {};
  const date = readDate(written ?? today, today);
  if (clock === undefined || date === undefined) return unreadable;
  if ((written === undefined) !== (sep === undefined)) return unreadable;
  const second = secondOfDay(clock);
  if (offset !== undefined) {
    // With a UTC offset but no day, the day at that offset is unknown.
    if (sep === undefined) return unreadable;
    return {
      outcome: 'time',
      atMs: dayNumberOf(date) * dayMs + Math.round(second * 1000) - offsetMs(offset),
    };
  }
  const wholeS = Math.floor(second);
  const instantsMs = localTime
    .instantsOf(date, wholeS)
    .map((at) => at + Math.round((second - wholeS) * 1000));
  const [atMs] = instantsMs;
  if (atMs === undefined) return { outcome: 'no-such-time' };
  return instantsMs.length === 1 ? { outcome: 'time', atMs } : { outcome: 'ambiguous', instantsMs };
}

/** `+02:00`, `-03:30` or `Z` in milliseconds. */
function offsetMs(offset: string): number {
  if (/^z$/i.test(offset)) return 0;
  const [hours = 0, minutes = 0] = offset.slice(1).split(':').map(Number);
  return (hours * 60 + minutes) * 60_000 * (offset.startsWith('-') ? -1 : 1);
}

/** Milliseconds from now, negative for the past; undefined for other texts. */
function readSpan(text: string): number | undefined {
  const groups = span.exec(text)?.groups;
  if (groups === undefined || !/\d/.test(text)) return undefined;
  const lengths = Object.entries(spanMs).map(([unit, ms]) => Number(groups[unit] ?? 0) * ms);
  const length = lengths.reduce((sum, each) => sum + each, 0);
  return groups['sign'] === '+' ? length : -length;
}
