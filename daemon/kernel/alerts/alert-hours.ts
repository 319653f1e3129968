import type { LocalTime } from '../attendance/shift.js';
import { dateOfDay, dayNumberOf, type Weekday, weekdayOf } from '../attendance/shift-calendar.js';

/** Hours that recur on some days of the week, in local time. */
export interface AlertHours {
  /** Seconds of the day. */
  readonly fromS: number;
  /** On the next day if it is not after `fromS`. */
  readonly toS: number;
  /** Days on which they begin. */
  readonly days: readonly Weekday[];
}

/** Whether an instant is within the hours: the beginning is, the end is not. `LocalTime` defines the effect of clock changes. */
export function isWithinHours(hours: AlertHours, wallMs: number, localTime: LocalTime): boolean {
  const today = localTime.at(wallMs).date;
  // The hours of yesterday may last until today.
  return [dateOfDay(dayNumberOf(today) - 1), today].some((date) => {
    if (!hours.days.includes(weekdayOf(date))) return false;
    const endDate = hours.toS <= hours.fromS ? dateOfDay(dayNumberOf(date) + 1) : date;
    return (
      localTime.instantOf(date, hours.fromS) <= wallMs && wallMs < localTime.instantOf(endDate, hours.toS)
    );
  });
}
