import { laterDay } from '../../time/site-time.js';

export const views = ['today', 'week', 'month'] as const;
export type View = (typeof views)[number];

/** Days at the site, both included. */
export interface Period {
  readonly from: string;
  readonly to: string;
}

const weekday = (day: string): number => (new Date(`${day}T00:00:00Z`).getUTCDay() + 6) % 7;

/** The week, from Monday, or the month that has a day. */
export function periodOf(view: Exclude<View, 'today'>, day: string): Period {
  if (view === 'week') {
    const from = laterDay(day, -weekday(day));
    return { from, to: laterDay(from, 6) };
  }
  const from = `${day.slice(0, 7)}-01`;
  return { from, to: laterDay(`${laterDay(from, 31).slice(0, 7)}-01`, -1) };
}

export function daysOf({ from, to }: Period): readonly string[] {
  const days = [from];
  for (let day = laterDay(from, 1); day <= to; day = laterDay(day, 1)) days.push(day);
  return days;
}

export const isDay = (text: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text));
