import { dayForms, type ShowTime, timeForms } from '../contract/command-line.js';
import { localTimeOf, showTimeOf } from '../host/local-time.js';
import { systemClock } from '../host/system-clock.js';
import { type GivenTime, localIso, readDate, readTime } from '../kernel/attendance/time-text.js';
import { refusal } from '../words/errors.js';

export { dayForms, type ShowTime, timeForms };

/** Reads and shows times by the clock of the site. */
export interface SiteTime {
  readonly show: ShowTime;
  /** Start of a period, milliseconds since the Unix epoch. @throws `time-unreadable`, `time-unusable`, `no-such-time`, `ambiguous-time` (input) */
  readFrom(text: string): number;
  /** End of a period, exclusive; a day is included as a whole. @throws as `readFrom` */
  readTo(text: string): number;
  /** `YYYY-MM-DD`. @throws `day-unreadable` (input) */
  readDay(text: string): string;
}

export function siteTimeOf(timeZone: string, nowMs = systemClock.wallMs()): SiteTime {
  const localTime = localTimeOf(timeZone);
  const read = (text: string, edge: 'begin' | 'end'): number => {
    const given = readTime(text, { nowMs, localTime, edge });
    if (given.outcome === 'time' && given.atMs >= 0) return given.atMs;
    throw unusable(text, given, (atMs) => localIso(atMs, localTime).replace('T', ' '));
  };
  return {
    show: showTimeOf(localTime),
    readFrom: (text) => read(text, 'begin'),
    readTo: (text) => read(text, 'end'),
    readDay(text) {
      const date = readDate(text, localTime.at(nowMs).date);
      if (date !== undefined) return date;
      throw refusal('day-unreadable', { text });
    },
  };
}

function unusable(text: string, given: GivenTime, show: (atMs: number) => string) {
  switch (given.outcome) {
    case 'no-such-time':
      return refusal('no-such-time:given', { text });
    case 'ambiguous': {
      const [first = '', second = ''] = given.instantsMs.map(show);
      return refusal('ambiguous-time:given', { text, first, second });
    }
    case 'time':
      return refusal('time-unusable', { text });
    case 'unreadable':
      return refusal('time-unreadable', { text });
  }
}
