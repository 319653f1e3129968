import type { LocalTime } from './shift.js';
import { shownTime } from './time-text.js';

/** Formats a time of the local API (ISO 8601 in UTC) by the clock of the site. */
export type ShowTime = (iso: string) => string;

export function showTimeOf(localTime: LocalTime): ShowTime {
  return (iso) => {
    const wallMs = Date.parse(iso);
    return Number.isNaN(wallMs) ? iso : shownTime(wallMs, localTime);
  };
}
