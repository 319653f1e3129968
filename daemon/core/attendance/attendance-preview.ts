import { setImmediate as nextTurn } from 'node:timers/promises';
import type {
  AttendancePreview,
  AttendanceRow,
  attendanceOperations,
  DayTotals,
} from '../../contract/attendance.js';
import type { Handlers } from '../../contract/handlers.js';
import { attendanceSchema } from '../../contract/settings/attendance-schema.js';
import { explainIssue, valueAt } from '../../contract/settings/problem.js';
import type { Config } from '../../contract/settings/schema.js';
import type { AttendanceDay, DayPeriod } from '../../kernel/attendance/attendance-day.js';
import type { LocalTime } from '../../kernel/attendance/shift.js';
import type { Clock } from '../../kernel/clock.js';
import type { PersonId } from '../../kernel/ids.js';
import { present } from '../../kernel/present.js';
import { refusals } from '../settings/settings-refusals.js';
import { showDay } from './attendance-rows.js';

/** Maximum number of changed days in an answer. */
const mostChanged = 200;
/** How long the event loop may be blocked at a time. */
const turnMs = 5;

type Input = Parameters<Handlers<typeof attendanceOperations>['attendance.preview']>[0];
export type ProposedRules = Omit<Input, keyof DayPeriod>;

/** The rules of attendance with what is proposed, checked as the configuration is. @throws `settings-refused` */
export function proposedRules(
  inForce: Config['attendance'],
  { pairing, shifts, holidays }: ProposedRules,
): Config['attendance'] {
  const proposed = { ...inForce, ...present({ pairing, shifts, holidays }) };
  const checked = attendanceSchema.safeParse(proposed);
  if (checked.success) return checked.data;
  const raw = { attendance: proposed };
  const problems = checked.error.issues.flatMap((issue) =>
    explainIssue({ ...issue, path: ['attendance', ...issue.path] }, (path) => valueAt(raw, path)),
  );
  throw refusals.refused(
    problems.map(({ path, ...said }) => ({ file: '', line: 0, column: 0, path: path.join('.'), ...said })),
  );
}

interface PreviewOptions {
  readonly period: DayPeriod;
  readonly ids: Iterable<PersonId>;
  readonly nameOf: (id: PersonId) => string | undefined;
  readonly before: (id: PersonId) => readonly AttendanceDay[];
  readonly after: (id: PersonId) => readonly AttendanceDay[];
  readonly localTime: LocalTime;
  readonly clock: Clock;
  /** Aborts when the caller leaves. */
  readonly signal: AbortSignal;
}

/** Compares the days of all persons under two sets of rules. */
export async function previewDays(options: PreviewOptions): Promise<AttendancePreview> {
  const { period, ids, nameOf, before, after, localTime, clock, signal } = options;
  const changed: AttendancePreview['changed'][number][] = [];
  const totals = { before: noDays(), after: noDays() };
  let [persons, changedDays] = [0, 0];
  let sinceMs = clock.monotonicMs();
  for (const id of ids) {
    signal.throwIfAborted();
    persons += 1;
    const about = { id, name: nameOf(id) };
    const rowsOf = (days: readonly AttendanceDay[]) => days.map((day) => showDay(about, day, localTime));
    const [rowsBefore, rowsAfter] = [rowsOf(before(id)), rowsOf(after(id))];
    for (const row of rowsBefore) add(totals.before, row);
    for (const row of rowsAfter) add(totals.after, row);
    for (const date of datesOf([...rowsBefore, ...rowsAfter])) {
      const [was, is] = [rowsBefore, rowsAfter].map((rows) => rows.filter((row) => row.date === date));
      if (resultOf(was) === resultOf(is)) continue;
      changedDays += 1;
      if (changed.length === mostChanged) continue;
      const name = present({ name: about.name });
      changed.push({ person: id, ...name, date, before: was ?? [], after: is ?? [] });
    }
    if (clock.monotonicMs() - sinceMs < turnMs) continue;
    await nextTurn();
    sinceMs = clock.monotonicMs();
  }
  return { ...period, persons, ...totals, changedDays, changed };
}

/** What counts of a day: a shift that moves without a consequence changes nothing. */
const resultOf = (rows: readonly AttendanceRow[] = []): string =>
  JSON.stringify(rows.map(({ shiftFrom, shiftTo, ...result }) => result));

const datesOf = (rows: readonly AttendanceRow[]): readonly string[] =>
  [...new Set(rows.map(({ date }) => date))].sort();

interface Totals extends DayTotals {
  statuses: Partial<Record<AttendanceRow['statuses'][number], number>>;
  workedMin: number;
  lateMin: number;
  overtimeMin: number;
}

const noDays = (): Totals => ({ statuses: {}, workedMin: 0, lateMin: 0, overtimeMin: 0 });

function add(totals: Totals, { statuses, workedMin, lateMin, overtimeMin }: AttendanceRow): void {
  for (const status of statuses) totals.statuses[status] = (totals.statuses[status] ?? 0) + 1;
  totals.workedMin += workedMin;
  totals.lateMin += lateMin;
  totals.overtimeMin += overtimeMin;
}
