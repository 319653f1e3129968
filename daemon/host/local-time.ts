import type { LocalTime } from '../kernel/attendance/shift.js';
import { dateOfDay, dayNumberOf } from '../kernel/attendance/shift-calendar.js';
import { shownTime } from '../kernel/attendance/time-text.js';

const dayMs = 86_400_000;

/**
 * Clocks of an IANA time zone, by the rules that Node.js brings. The difference to UTC is asked a day before and a day
 * after: no zone changes it twice in two days.
 */
export function localTimeOf(timeZone: string): LocalTime {
  const format = new Intl.DateTimeFormat('en-u-ca-iso8601-nu-latn', {
    timeZone,
    hourCycle: 'h23',
    ...{
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    },
  });
  /** What the clock shows, as if it were UTC. */
  const shownMs = (wallMs: number): number => {
    const parts: Record<string, number> = {};
    for (const { type, value } of format.formatToParts(wallMs)) parts[type] = Number(value);
    const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = parts;
    return Date.UTC(year, month - 1, day, hour, minute, second);
  };
  const differenceMs = (wallMs: number): number => shownMs(wallMs) - Math.floor(wallMs / 1000) * 1000;
  const candidates = (date: string, secondOfDay: number) => {
    const asUtcMs = dayNumberOf(date) * dayMs + secondOfDay * 1000;
    const before = differenceMs(asUtcMs - dayMs);
    const after = differenceMs(asUtcMs + dayMs);
    const found = [asUtcMs - before, asUtcMs - after].filter((instant) => shownMs(instant) === asUtcMs);
    return { found: [...new Set(found)].sort((a, b) => a - b), inGapMs: asUtcMs - before };
  };
  return {
    at(wallMs) {
      const shown = shownMs(wallMs);
      const day = Math.floor(shown / dayMs);
      return { date: dateOfDay(day), secondOfDay: (shown - day * dayMs) / 1000 };
    },
    instantsOf: (date, secondOfDay) => candidates(date, secondOfDay).found,
    instantOf(date, secondOfDay) {
      const { found, inGapMs } = candidates(date, secondOfDay);
      return found[0] ?? inGapMs;
    },
  };
}

/** Formats times of the API (ISO 8601 in UTC) by `localTime`. What is no time stays as it is. */
export function showTimeOf(localTime: LocalTime): (iso: string) => string {
  return (iso) => {
    const wallMs = Date.parse(iso);
    return Number.isNaN(wallMs) ? iso : shownTime(wallMs, localTime);
  };
}
