import type { AttendanceRow } from '../../contract/attendance.js';
import type { Config } from '../../contract/settings/schema.js';
import {
  dayBefore,
  dayIsOverAtMs,
  daysToSummarise,
  type LocalTime,
  type ShiftCalendar,
  shiftCalendar,
} from '../../kernel/attendance/shift.js';
import type { Clock } from '../../kernel/clock.js';
import type { SummarisedDay, SummaryNotice } from '../../kernel/events/notice.js';
import { personId } from '../../kernel/ids.js';
import { isoTime } from '../../kernel/iso-time.js';
import type { Logger } from '../../kernel/logger.js';
import { Recurring } from '../../kernel/recurring.js';
import type { Records } from '../records/records.js';
import type { Attendance } from './attendance-handlers.js';
import { attendancePlan } from './attendance-plan.js';
import type { AttendanceRecords } from './attendance-records.js';

export interface DailySummaryOptions {
  readonly attendance: Pick<Attendance, 'report'>;
  readonly records: Pick<Records, 'recordAll' | 'sources'> & {
    readonly attendance: Pick<AttendanceRecords, 'corrections'>;
  };
  readonly current: () => Pick<Config, 'attendance'>;
  readonly localTime: LocalTime;
  /** False while attendance of the past may still come, and while the clock cannot be trusted. Days wait then. */
  readonly isReady: () => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
}

export const checkDaysEveryMs = 60_000;
/** Corrections often come in groups: a day is summarised again only after this long without another one. */
const correctionsRestMs = 5 * 60_000;
const source = 'attendance-summary';

/** The last summarised day, and the last correction in the summaries. */
interface Progress {
  readonly date: string;
  readonly correction: number;
}

/**
 * Records a summary of each day once the day is over, together with the progress in one transaction. Missed days follow in order.
 * A correction of a summarised day gives a new summary; the latest summary of a date is valid.
 */
export function dailySummary(options: DailySummaryOptions): Recurring {
  const { clock, logger } = options;
  return new Recurring({
    clock,
    everyMs: checkDaysEveryMs,
    work: (signal) => new DueDays(options, signal).summarise(),
    onFailure: (error) => logger.error('the attendance of a day cannot be summarised; retrying', { error }),
  });
}

/** One check for days to summarise. */
class DueDays {
  readonly #options: DailySummaryOptions;
  readonly #signal: AbortSignal;

  constructor(options: DailySummaryOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
  }

  async summarise(): Promise<void> {
    const { current, records, isReady, clock, localTime } = this.#options;
    const { attendance } = current();
    const { states } = records.sources;
    if (!attendance.dailySummary || attendance.shifts.length === 0) {
      if (states.of(source) !== undefined) states.forget(source);
      return;
    }
    if (!isReady()) return;
    const progress = this.#progress();
    const calendar = shiftCalendar(attendancePlan({ attendance }), localTime);
    const correction = await this.#summariseCorrected(progress, calendar);
    for (const date of daysToSummarise(progress.date, clock.wallMs(), calendar)) {
      if (!(await this.#summariseDay(date, dayIsOverAtMs(date, calendar), { date, correction }))) return;
    }
  }

  /** The first summary covers the day of the first check; earlier days get none. */
  #progress(): Progress {
    const { records, clock, localTime, logger } = this.#options;
    const { states } = records.sources;
    const yesterday = dayBefore(localTime.at(clock.wallMs()).date);
    const found = readProgress(states.of(source));
    if (found !== undefined && found.date <= yesterday) return found;
    if (found !== undefined) {
      logger.warn('the clock was ahead and days were summarised too early; they are summarised again', {
        last: found.date,
      });
    }
    const correction = found?.correction ?? records.attendance.corrections.since(0).newest;
    const progress = { date: yesterday, correction };
    states.set(source, textOf(progress));
    return progress;
  }

  /** Summarises corrected days again. Returns the last correction in the summaries. */
  async #summariseCorrected(progress: Progress, calendar: ShiftCalendar): Promise<number> {
    const { records, clock } = this.#options;
    const { dates, newest, newestAtMs } = records.attendance.corrections.since(progress.correction);
    const nowMs = clock.wallMs();
    if (newest === progress.correction || Math.abs(nowMs - newestAtMs) < correctionsRestMs)
      return progress.correction;
    const due = dates.filter((date) => date <= progress.date && dayIsOverAtMs(date, calendar) <= nowMs);
    for (const date of due) {
      // A kill in between repeats some summaries, which does no harm.
      if (!(await this.#summariseDay(date, nowMs, progress))) return progress.correction;
    }
    records.sources.states.set(source, textOf({ ...progress, correction: newest }));
    return newest;
  }

  /** False if the day cannot be summarised yet. */
  async #summariseDay(date: string, occurredAtMs: number, progress: Progress): Promise<boolean> {
    if (this.#signal.aborted) return false;
    const { attendance, records, logger } = this.#options;
    const { head, rows } = await attendance.report({ from: date, to: date });
    if (!head.areAbsencesKnown) return false;
    const isForgotten = head.keptFrom !== undefined;
    const notices = isForgotten ? [] : await summaryOf(date, rows, occurredAtMs);
    if (this.#signal.aborted) return false;
    records.recordAll(notices, () => records.sources.states.set(source, textOf(progress)));
    if (isForgotten) logger.warn('a day is not summarised because its records were deleted', { date });
    return true;
  }
}

function textOf({ date, correction }: Progress): string {
  return `${date} ${correction}`;
}

function readProgress(text: string | undefined): Progress | undefined {
  if (text === undefined) return undefined;
  const [date = '', correction = '0'] = text.split(' ');
  return { date, correction: Number(correction) };
}

/** The most persons in one message: at most some hundred kilobytes. */
export const personsInAPart = 500;

/**
 * The summaries of a day: at least one, also for a day without any person. A person with two shifts on the day appears twice and
 * counts once for each status.
 */
export async function summaryOf(
  date: string,
  rows: AsyncIterable<AttendanceRow>,
  occurredAtMs: number,
): Promise<readonly SummaryNotice[]> {
  const persons: SummarisedDay[] = [];
  const byStatus = new Map<string, Set<string>>();
  for await (const row of rows) {
    persons.push(summarised(row));
    for (const status of row.statuses) {
      byStatus.set(status, (byStatus.get(status) ?? new Set()).add(row.person));
    }
  }
  const counts = Object.fromEntries([...byStatus].map(([status, { size }]) => [status, size]).sort());
  const parts = Math.max(1, Math.ceil(persons.length / personsInAPart));
  return Array.from({ length: parts }, (_, index) => ({
    kind: 'summary',
    occurredAtMs,
    date,
    part: index + 1,
    parts,
    counts,
    persons: persons.slice(index * personsInAPart, (index + 1) * personsInAPart),
  }));
}

function summarised({ person, shift, statuses, firstIn, lastOut, workedMin }: AttendanceRow): SummarisedDay {
  return {
    personId: personId(person),
    shift,
    statuses,
    firstIn: inUtc(firstIn),
    lastOut: inUtc(lastOut),
    workedMin,
  };
}

function inUtc(time: string | null): string | null {
  return time === null ? null : isoTime(Date.parse(time));
}
