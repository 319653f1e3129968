import type { AttendanceHead, AttendanceRow, ReportItem } from '../../../contract/attendance.js';
import { attendanceTable, type TableWords, textCells } from '../../../kernel/attendance/attendance-table.js';
import { csvText } from '../../../kernel/csv.js';
import { can } from '../../api/session.js';
import type { Fetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/attendance.json';
import { ActionBar } from '../../parts/actions.js';
import { printPage } from '../../parts/long-table.js';
import { saveFile } from '../../parts/save-file.js';
import { dayAndTime, laterDay, plainDay } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

/** A whole report. */
export interface Report {
  readonly head: AttendanceHead;
  readonly rows: readonly AttendanceRow[];
}

/** The report in the lines of an answer. */
export function reportOf({ value, ...others }: Fetched<readonly ReportItem[]>): Omit<Fetched<Report>, 'put'> {
  let head: AttendanceHead | undefined;
  const rows: AttendanceRow[] = [];
  for (const line of value ?? []) {
    if (line.kind === 'head') head = line.head;
    else rows.push(line.row);
  }
  return { ...others, value: head && { head, rows } };
}

/** The days of one person in a period. */
export interface PersonDays {
  readonly person: string;
  readonly name?: string;
  readonly days: ReadonlyMap<string, readonly AttendanceRow[]>;
  readonly workedMin: number;
  readonly overtimeMin: number;
}

/** The rows of a report by person, by name. */
export function byPerson(rows: readonly AttendanceRow[]): readonly PersonDays[] {
  const all = new Map<string, PersonDays & { days: Map<string, AttendanceRow[]> }>();
  for (const row of rows) {
    const { person, name, date, workedMin, overtimeMin } = row;
    const known = all.get(person) ?? {
      ...{ person, ...(name !== undefined && { name }), days: new Map<string, AttendanceRow[]>() },
      ...{ workedMin: 0, overtimeMin: 0 },
    };
    known.days.set(date, [...(known.days.get(date) ?? []), row]);
    all.set(person, {
      ...known,
      workedMin: known.workedMin + workedMin,
      overtimeMin: known.overtimeMin + overtimeMin,
    });
  }
  return [...all.values()].sort(byName);
}

const collator = new Intl.Collator();

export function byName(
  one: { readonly name?: string; readonly person: string },
  other: { readonly name?: string; readonly person: string },
): number {
  return collator.compare(one.name ?? one.person, other.name ?? other.person);
}

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

const t = wordsOf<typeof en>('attendance');

/** When a report was made, and what it cannot say. */
export function ReportNotes({ head }: { readonly head: AttendanceHead }) {
  const { madeAt, timeZone, keptFrom, areNamesKnown, areAbsencesKnown } = head;
  return (
    <ul class="quiet notes-below">
      <li>{t('made-at', { time: dayAndTime(madeAt), zone: timeZone })}</li>
      {keptFrom !== undefined && <li>{t('kept-from', { day: plainDay(keptFrom) })}</li>}
      {!areNamesKnown && areAbsencesKnown && can('names:read') && <li>{t('names-unknown')}</li>}
      {!areAbsencesKnown && <li>{t('absences-unknown')}</li>}
    </ul>
  );
}

/** The report as a table for spreadsheets, as `rollcall attendance report --csv --language` writes it, and on paper. */
export function SaveReport({ report }: { readonly report: Report | undefined }) {
  return (
    <ActionBar
      isSmall
      of={[
        ...(['csv', 'xlsx'] as const).map((form) => ({
          text: t(form),
          icon: 'download' as const,
          isReady: report !== undefined,
          onAct: () => report && save(report, form),
        })),
        { text: t('print'), onAct: printPage },
      ]}
    />
  );
}

async function save({ head, rows }: Report, form: 'csv' | 'xlsx'): Promise<void> {
  const table = attendanceTable(rows, head.personFields, tableWords());
  const name = `attendance-${head.site}-${head.from}-${head.to}.${form}`;
  if (form === 'csv') {
    const text = csvText(textCells(table, { isForPeople: true }), separator());
    saveFile(new Blob([text], { type: 'text/csv' }), name);
  } else saveFile(await (await import('./spreadsheet.js')).spreadsheet(table), name);
}

const tableWords = (): TableWords => ({
  heading: (column) => t(`column-${column}`),
  field: ({ name }) => name,
  status: (status) => t(`status-${status}`),
  separator: ', ',
  yes: t('cell-yes'),
  no: t('cell-no'),
});

/** Spreadsheets follow the formats of the machine, not the language of the console: where decimals have a comma, cells have `;`. */
const separator = () => ((1.5).toLocaleString().includes(',') ? ';' : ',');
