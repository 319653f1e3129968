import { me } from '../api/session.js';
import { formatTag } from '../words/words.js';
import { formatOf, instantIn, offsetMs } from './zone-clock.js';

const siteZone = (): string => me.value?.box?.timeZone ?? 'UTC';

/** Options that every time has: the zone of the site, and the clock that the user prefers. */
function atSite(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormatOptions {
  const hourCycle = me.value?.user?.timeFormat === '12h' ? 'h12' : 'h23';
  return { ...options, timeZone: siteZone(), ...(options.hour !== undefined && { hourCycle }) };
}

const format = (time: string | Date, options: Intl.DateTimeFormatOptions): string =>
  formatOf(formatTag(), atSite(options)).format(new Date(time));

const clock = { hour: '2-digit', minute: '2-digit' } as const;
const date = { year: 'numeric', month: 'short', day: 'numeric' } as const;

/** The time of day: "09:14". */
export const clockTime = (time: string | Date): string => format(time, clock);
/** With the time zone, for a day on which the clock shows an hour twice: "02:14 GMT+1". */
export const clockInZone = (time: string | Date): string => format(time, { ...clock, timeZoneName: 'short' });
/** With seconds: "09:14:02". */
export const clockSeconds = (time: string | Date): string => format(time, { ...clock, second: '2-digit' });
/** With seconds and the time zone: "02:14:02 GMT+1". */
export const clockSecondsInZone = (time: string | Date): string =>
  format(time, { ...clock, second: '2-digit', timeZoneName: 'short' });
/** The day: "23 Nov 2026". */
export const dayOf = (time: string | Date): string => format(time, date);
/** Day and time of day. */
export const dayAndTime = (time: string | Date): string => format(time, { ...date, ...clock });
/** A day without a time (`YYYY-MM-DD`), which has no zone: "Mon, 23 Nov". */
export function plainDay(
  day: string,
  options: Intl.DateTimeFormatOptions = { weekday: 'short', ...date },
): string {
  return new Intl.DateTimeFormat(formatTag(), { ...options, timeZone: 'UTC' }).format(
    new Date(`${day}T00:00:00Z`),
  );
}

/** The day at the site, `YYYY-MM-DD`. */
export function siteDay(time: string | Date = new Date()): string {
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: siteZone(),
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  return parts.format(new Date(time));
}

/** True for a day that exists, `YYYY-MM-DD`. */
export const isDay = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));

const dayMs = 86_400_000;

/** The day so many days after another one, `YYYY-MM-DD`. */
export const laterDay = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * dayMs).toISOString().slice(0, 10);

/** When a day begins at the site, ISO 8601 in UTC. */
export const startOfDay = (day: string): string => siteInstant(day, '00:00');

/** When the clock of the site shows this time on this day, ISO 8601 in UTC. `time`: as a field gives it, "09:14". */
export const siteInstant = (day: string, time: string): string =>
  new Date(instantIn(siteZone(), day, time)).toISOString();

const minutesOfDay = 1440;

/** What the clock of the site shows, minutes after midnight. */
export function clockMinutes(ms: number): number {
  const minutes = Math.floor((ms + offsetMs(siteZone(), ms)) / 60_000);
  return ((minutes % minutesOfDay) + minutesOfDay) % minutesOfDay;
}

const units = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const;

/** How long ago: "3 minutes ago". */
export function ago(time: string | Date, now = Date.now()): string {
  const seconds = (new Date(time).getTime() - now) / 1000;
  const [unit, size] = units.find(([, each]) => Math.abs(seconds) >= each) ?? ['second', 1];
  return new Intl.RelativeTimeFormat(formatTag(), { numeric: 'auto' }).format(
    Math.trunc(seconds / size),
    unit,
  );
}

/** A number as the language writes it. */
export function number(value: number, options?: Intl.NumberFormatOptions): string {
  return new Intl.NumberFormat(formatTag(), options).format(value);
}

/** A number with at most so many decimals, and with `least` of them in any case: "0.5", "0.50". */
export const decimals = (value: number, most: number, least = 0): string =>
  number(value, { minimumFractionDigits: least, maximumFractionDigits: most });

/** A share from 0 to 1: "94.6 %". */
export const percent = (share: number, digits = 0): string =>
  number(share, { style: 'percent', maximumFractionDigits: digits });

/** Bytes for people: "4.2 MB". */
export function bytes(count: number): string {
  const [unit, size] =
    [
      ['gigabyte', 1e9],
      ['megabyte', 1e6],
      ['kilobyte', 1e3],
    ].find(([, each]) => count >= Number(each)) ?? (['byte', 1] as const);
  return number(count / Number(size), { style: 'unit', unit: String(unit), maximumFractionDigits: 1 });
}

/** Minutes as hours and minutes: "7:45". */
export const hours = (minutes: number): string =>
  `${minutes < 0 ? '-' : ''}${Math.floor(Math.abs(minutes) / 60)}:${String(Math.abs(minutes) % 60).padStart(2, '0')}`;
