import {
  clockInZone,
  clockSeconds,
  clockSecondsInZone,
  clockTime,
  laterDay,
  siteDay,
  startOfDay,
} from '../../time/site-format.js';
import type { TimeSpan } from './time-view.js';

const usualDayMs = 86_400_000;

/** True on a day on which the clock of the site changes: it may show an hour twice, so that times need their zone. */
export function isClockChanged(atMs: number): boolean {
  const day = siteDay(new Date(atMs));
  return Date.parse(startOfDay(laterDay(day, 1))) - Date.parse(startOfDay(day)) !== usualDayMs;
}

/** The time of day with seconds, and with its zone where the clock changes. */
export function clockAt(atMs: number): string {
  const at = new Date(atMs);
  return isClockChanged(atMs) ? clockSecondsInZone(at) : clockSeconds(at);
}

/** Begin and end of a time within a day, both with their zone where the clock changes. */
export function endsOf({ fromMs, toMs }: TimeSpan): { readonly from: string; readonly until: string } {
  const show = isClockChanged(fromMs) ? clockInZone : clockTime;
  return { from: show(new Date(fromMs)), until: show(new Date(toMs)) };
}
