import { dateOfDay, dayNumberOf } from '../../kernel/attendance/shift-calendar.js';
import { simplifiedName } from '../../kernel/persons/simplified-name.js';

/** A text in which a user named a day, and what else it says. */
export interface DayInText {
  /** `2026-11-26`, at the site. */
  readonly day: string;
  readonly rest: string;
}

/** Days before today that can be named by their day of the week. */
const namedDays = 7;

interface Calendar {
  /** The day at the site, `2026-11-27`. */
  readonly today: string;
  /** The tag of the language. */
  readonly tag: string;
}

/**
 * Finds a day in what a user typed: a date, or a word of their language such as "yesterday" or "Tuesday", which is the latest one.
 * Undefined if the text names no day.
 */
export function dayInText(text: string, { today, tag }: Calendar): DayInText | undefined {
  const words = text.split(/\s+/).filter((word) => word !== '');
  for (const [index, word] of words.entries()) {
    const day = dateIn(word, today) ?? namedDay(simplifiedName(word), { today, tag });
    if (day !== undefined) return { day, rest: words.toSpliced(index, 1).join(' ') };
  }
  return undefined;
}

/** `2026-11-26`, `26.11.2026`, `26.11.`, or `26/11`: without a year, the latest one that is not in the future. */
function dateIn(word: string, today: string): string | undefined {
  if (/^\d{4}-\d\d-\d\d$/.test(word)) return existing(word);
  const [, date = '', month = '', year] = /^(\d\d?)[./](\d\d?)(?:[./](\d{4})?)?$/.exec(word) ?? [];
  if (date === '') return undefined;
  const inYear = (wanted: string): string | undefined =>
    existing(`${wanted}-${month.padStart(2, '0')}-${date.padStart(2, '0')}`);
  if (year !== undefined) return inYear(year);
  const thisYear = today.slice(0, 4);
  const day = inYear(thisYear);
  return day !== undefined && day <= today ? day : inYear(String(Number(thisYear) - 1));
}

/** The day, unless the calendar has none such. */
const existing = (day: string): string | undefined => {
  const time = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(day) ? day : undefined;
};

function namedDay(word: string, { today, tag }: Calendar): string | undefined {
  const relative = new Intl.RelativeTimeFormat(tag, { numeric: 'auto' });
  const weekday = new Intl.DateTimeFormat(tag, { weekday: 'long', timeZone: 'UTC' });
  for (let before = 0; before < namedDays; before += 1) {
    const day = dateOfDay(dayNumberOf(today) - before);
    const names = [relative.format(-before, 'day'), weekday.format(new Date(`${day}T00:00:00Z`))];
    if (names.some((name) => simplifiedName(name) === word)) return day;
  }
  return undefined;
}
