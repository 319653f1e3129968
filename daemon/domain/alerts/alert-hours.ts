import type { LocalTime } from '../attendance/shift.js';
import { dateOfDay, dayNumberOf, type Weekday, weekdayOf } from '../attendance/shift-calendar.js';

/** Hours that come back on some days of the week, by the clock on the wall of the site. */
export interface AlertHours {
  /** Seconds of the day. */
  readonly fromS: number;
  /** Of the next day where it is not after `fromS`. */
  readonly toS: number;
  /** Days on which they begin. */
  readonly days: readonly Weekday[];
}

/** Whether an instant lies within; the beginning does, the end does not. Time changes count as in shifts (`LocalTime`). */
export function isWithinHours(hours: AlertHours, wallMs: number, localTime: LocalTime): boolean {
  const today = localTime.at(wallMs).date;
  // Those of yesterday may not be over.
  return [dateOfDay(dayNumberOf(today) - 1), today].some((date) => {
    if (!hours.days.includes(weekdayOf(date))) return false;
    const endDate = hours.toS <= hours.fromS ? dateOfDay(dayNumberOf(date) + 1) : date;
    return (
      localTime.instantOf(date, hours.fromS) <= wallMs && wallMs < localTime.instantOf(endDate, hours.toS)
    );
  });
}
