import type { AttendanceReport, AttendanceRow } from '../../control/attendance-control.js';
import type { SummarisedDay, SummaryNotice } from '../../domain/events/notice.js';
import { personId } from '../../domain/ids.js';
import { isoTime } from '../../domain/iso-time.js';

/** Persons in one message: some hundred kilobytes at most. */
export const personsInAPart = 500;

/**
 * The notices of a day: at least one, so that a day on which nobody was there or due is told as well. Somebody with two shifts
 * on the day comes twice, and counts once for each status.
 */
export async function summaryOf(
  date: string,
  rows: AttendanceReport['rows'],
  occurredAtMs: number,
): Promise<readonly SummaryNotice[]> {
  const persons: SummarisedDay[] = [];
  const byStatus = new Map<string, Set<string>>();
  for await (const some of rows) {
    for (const row of some) {
      persons.push(summarised(row));
      for (const status of row.statuses) {
        byStatus.set(status, (byStatus.get(status) ?? new Set()).add(row.person));
      }
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
