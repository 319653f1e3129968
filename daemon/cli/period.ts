import { InvalidArgumentError } from 'commander';
import { isCalendarDate } from '../domain/calendar-date.js';

const dayMs = 86_400_000;
/** Date and time with an offset: one that leaves the offset out means something else on every machine. */
const timeForm = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})$/;

/** What to write after `--from` and `--to`. */
export const periodForms = 'YYYY-MM-DD (in UTC), or a time such as 2026-03-01T08:00Z';

/** Beginning of a period from the command line, milliseconds since the Unix epoch: a day begins at midnight UTC. */
export function parseFrom(text: string): number {
  return parseTime(text, 0);
}

/** End of a period, itself excluded: a day is in it as a whole. */
export function parseTo(text: string): number {
  return parseTime(text, dayMs);
}

function parseTime(text: string, wholeDayMs: number): number {
  const timeMs = isCalendarDate(text) ? Date.parse(`${text}T00:00:00Z`) + wholeDayMs : parseExact(text);
  if (timeMs >= 0) return timeMs;
  throw new InvalidArgumentError(`must be ${periodForms}`);
}

function parseExact(text: string): number {
  return timeForm.test(text) && isCalendarDate(text.slice(0, 10)) ? Date.parse(text) : Number.NaN;
}
