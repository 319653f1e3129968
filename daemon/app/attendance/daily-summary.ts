import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import { Recurring } from '../../base/recurring.js';
import type { Config } from '../../config/schema.js';
import { type LocalTime, type ShiftCalendar, shiftCalendar } from '../../domain/attendance/shift.js';
import { dayBefore, dayIsOverAtMs, daysToSummarise } from '../../domain/attendance/summary-days.js';
import type { Records } from '../../records/open-records.js';
import { attendancePlan } from './attendance-plan.js';
import type { BoxAttendance } from './box-attendance.js';
import { summaryOf } from './day-summary.js';

export interface DailySummaryOptions {
  readonly attendance: Pick<BoxAttendance, 'report'>;
  readonly records: Pick<Records, 'recordAll' | 'sources' | 'attendance'>;
  readonly current: () => Pick<Config, 'attendance'>;
  readonly localTime: LocalTime;
  /** False while attendance of the past may still come, or the clock cannot be trusted: then days wait. */
  readonly isReady: () => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

export const lookAtDaysEveryMs = 60_000;
/** A correction seldom comes alone: a day is told anew when there was none for so long. */
const correctionsRestMs = 5 * 60_000;
const source = 'attendance-summary';

/** Up to which day summaries were told, and up to which correction they hold. */
interface Said {
  readonly date: string;
  readonly correction: number;
}

/**
 * Tells each day's attendance once, when the day is over, and how far it came in the same transaction. Days that the box
 * missed are made up, in order. A correction of a day that was told makes it be told anew: of two summaries of a date, the
 * later holds.
 */
export function dailySummary(options: DailySummaryOptions): Recurring {
  const { clock, logger } = options;
  return new Recurring({
    clock,
    everyMs: lookAtDaysEveryMs,
    work: (signal) => new DueDays(options, signal).tell(),
    onFailure: (error) =>
      logger.error('the attendance of a day cannot be summarised; it is tried again', { error }),
  });
}

/** One look at what is to be told. */
class DueDays {
  readonly #options: DailySummaryOptions;
  readonly #signal: AbortSignal;

  constructor(options: DailySummaryOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  async tell(): Promise<void> {
    const { current, records, isReady, clock, localTime } = this.#options;
    const { attendance } = current();
    const { lastSaid } = records.sources;
    if (!attendance.dailySummary || attendance.shifts.length === 0) {
      if (lastSaid.of(source) !== undefined) lastSaid.forget(source);
      return;
    }
    if (!isReady()) return;
    const said = this.#said();
    const calendar = shiftCalendar(attendancePlan({ attendance }), localTime);
    const correction = await this.#tellCorrected(said, calendar);
    for (const date of daysToSummarise(said.date, clock.wallMs(), calendar)) {
      if (!(await this.#tellDay(date, dayIsOverAtMs(date, calendar), { date, correction }))) return;
    }
  }

  /** The first day that is told is that of the first look: nobody asked for those before. */
  #said(): Said {
    const { records, clock, localTime, logger } = this.#options;
    const { lastSaid } = records.sources;
    const yesterday = dayBefore(localTime.at(clock.wallMs()).date);
    const found = readSaid(lastSaid.of(source));
    if (found !== undefined && found.date <= yesterday) return found;
    if (found !== undefined) {
      logger.warn('days were summarised that are not over: the clock stood ahead; they are told again', {
        last: found.date,
      });
    }
    const correction = found?.correction ?? records.attendance.corrections.since(0).newest;
    const said = { date: yesterday, correction };
    lastSaid.set(source, textOf(said));
    return said;
  }

  /** Up to which correction everything was told. */
  async #tellCorrected(said: Said, calendar: ShiftCalendar): Promise<number> {
    const { records, clock } = this.#options;
    const { dates, newest, newestAtMs } = records.attendance.corrections.since(said.correction);
    const nowMs = clock.wallMs();
    if (newest === said.correction || Math.abs(nowMs - newestAtMs) < correctionsRestMs)
      return said.correction;
    const told = dates.filter((date) => date <= said.date && dayIsOverAtMs(date, calendar) <= nowMs);
    for (const date of told) {
      // A kill in between tells some of them once more: that changes nothing.
      if (!(await this.#tellDay(date, nowMs, said))) return said.correction;
    }
    records.sources.lastSaid.set(source, textOf({ ...said, correction: newest }));
    return newest;
  }

  /** False where it cannot be told yet. */
  async #tellDay(date: string, occurredAtMs: number, said: Said): Promise<boolean> {
    if (this.#signal.aborted) return false;
    const { attendance, records, logger } = this.#options;
    const { head, rows } = await attendance.report({ from: date, to: date });
    if (!head.areAbsencesKnown) return false;
    const isForgotten = head.keptFrom !== undefined;
    const notices = isForgotten ? [] : await summaryOf(date, rows, occurredAtMs);
    if (this.#signal.aborted) return false;
    records.recordAll(notices, () => records.sources.lastSaid.set(source, textOf(said)));
    if (isForgotten)
      logger.warn('the records of a day are not kept any more: it is not summarised', { date });
    return true;
  }
}

function textOf({ date, correction }: Said): string {
  return `${date} ${correction}`;
}

function readSaid(text: string | undefined): Said | undefined {
  if (text === undefined) return undefined;
  const [date = '', correction = '0'] = text.split(' ');
  return { date, correction: Number(correction) };
}
