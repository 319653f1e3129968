import type {
  AmbiguousPassageRow,
  AttendanceHead,
  AttendanceRow,
  CorrectionResult,
  ReportItem,
  ShownCorrection,
  UnprovenSightingRow,
} from '../../contract/attendance.js';
import { columns, type Reader } from '../../contract/command-line.js';
import { listed } from '../../core/doctor/finding.js';
import { attendanceTable, type TableWords, textCells } from '../../kernel/attendance/attendance-table.js';
import { type CsvSeparator, csvText } from '../../kernel/csv.js';
import { defect } from '../../kernel/errors.js';
import { type Say, said } from '../../kernel/said.js';
import { table } from '../../kernel/text-table.js';
import type { Language } from '../../words/language.js';

/** A complete report. */
export interface ReadReport {
  readonly head: AttendanceHead;
  readonly rows: readonly AttendanceRow[];
}

/** Reads a report to its end. @throws `daemon-unreachable` if its end is missing */
export async function readReport(answer: Promise<AsyncIterable<ReportItem>>): Promise<ReadReport> {
  let head: AttendanceHead | undefined;
  const rows: AttendanceRow[] = [];
  for await (const item of await answer) {
    if (item.kind === 'head') head = item.head;
    else rows.push(item.row);
  }
  if (head === undefined) throw defect('report-without-head', 'the daemon sent a report without its head');
  return { head, rows };
}

/**
 * CSV in UTF-8: for programs, or for the spreadsheets of a language, which take `;` where decimals have a comma. Cells are protected
 * from being run as formulas.
 */
export function attendanceCsv(
  { head, rows }: ReadReport,
  { language, separator }: { readonly language?: Language; readonly separator?: CsvSeparator } = {},
): Buffer {
  const own = language !== undefined && (1.5).toLocaleString(language.tag).includes(',') ? ';' : ',';
  const cells = textCells(attendanceTable(rows, head.personFields, language && tableWords(language)), {
    isForPeople: language !== undefined,
  });
  return Buffer.from(csvText(cells, separator ?? own), 'utf8');
}

const tableWords = ({ say }: Language): TableWords => ({
  heading: (column) => say(`attendance/column-${column}`),
  field: ({ name }) => name,
  status: (status) => say(`attendance/status-${status}`),
  separator: ', ',
  yes: say('attendance/cell-yes'),
  no: say('attendance/cell-no'),
});

export function describeToday(report: ReadReport, { say }: Pick<Reader, 'say'>): string {
  const { rows, head } = report;
  const sums = (['present', 'expected', 'absent', 'late', 'unproven', 'seen-not-proven'] as const).flatMap(
    (status) => {
      const count = rows.filter(({ statuses }) => statuses.includes(status)).length;
      const isDoubt = status === 'unproven' || status === 'seen-not-proven';
      const what = said(`attendance/status-${status}`);
      return isDoubt && count === 0 ? [] : [said('doctor/some', { count, what })];
    },
  );
  const title = `${head.site}, ${head.to}`;
  const byName = rows.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)));
  return [
    say('terminal/titled', { title, text: listed(sums) }),
    ...dayTable(byName, say),
    ...passageTable(report, say),
    ...sightingTable(report, say),
    ...notes(report, say),
  ].join('\n\n');
}

export function describeReport(report: ReadReport, { show, say }: Reader): string {
  const { head, rows } = report;
  const { site, from, to, timeZone, corrections = [] } = head;
  const sum = (minutesOf: (row: AttendanceRow) => number): string =>
    duration(rows.reduce((total, row) => total + minutesOf(row), 0));
  return [
    say('terminal/attendance-report', {
      ...{ site, from, to, zone: timeZone },
      ...{ worked: sum((row) => row.workedMin), overtime: sum((row) => row.overtimeMin) },
    }),
    ...dayTable(rows, say),
    ...(rows.some(({ workedSoFarMin }) => workedSoFarMin !== undefined)
      ? [say('terminal/sum-without-present')]
      : []),
    ...(corrections.length === 0 ? [] : [correctionTable(corrections, { show, say })]),
    ...passageTable(report, say),
    ...sightingTable(report, say),
    ...notes(report, say),
  ].join('\n\n');
}

export function describeCorrection(
  { correction, rows }: CorrectionResult,
  { say }: Pick<Reader, 'say'>,
): string {
  const { number, person, date } = correction;
  return [
    say('terminal/correction', { number, person, date, what: whatOf(correction, say) }),
    ...dayTable(rows, say),
  ].join('\n');
}

const nameOf = ({ name, person }: AttendanceRow): string => name ?? person;

function dayTable(rows: readonly AttendanceRow[], say: Say): readonly string[] {
  if (rows.length === 0) return [say('terminal/no-attendance')];
  const heading = [
    ...['person', 'name', 'date', 'shift', 'in', 'out', 'worked'],
    ...['late', 'left-early', 'overtime', 'status'],
  ];
  const cells = rows.map((row) => [
    row.person,
    row.name ?? '-',
    row.date,
    row.shift ?? '-',
    clock(row.firstIn, row.date),
    clock(row.lastOut, row.date),
    workedText(row, say),
    ...[row.lateMin, row.leftEarlyMin, row.overtimeMin].map((each) => (each === 0 ? '-' : duration(each))),
    [
      ...row.statuses.map((status) => say(`attendance/status-${status}`)),
      ...(row.isCorrected ? [say('terminal/corrected')] : []),
    ].join(', '),
  ]);
  return [table(columns(say, heading), cells)];
}

/** `7:55`, or `3:12 so far` for a person who is still present. */
const workedText = ({ workedMin, workedSoFarMin }: AttendanceRow, say: Say): string =>
  workedSoFarMin === undefined
    ? duration(workedMin)
    : say('terminal/so-far', { duration: duration(workedSoFarMin) });

function correctionTable(corrections: readonly ShownCorrection[], { show, say }: Reader): string {
  const rows = corrections.map((each) => [
    String(each.number),
    each.date,
    whatOf(each, say),
    each.by,
    show(each.madeAt),
    each.reason,
  ]);
  return table(columns(say, ['correction', 'date', 'change', 'by', 'made-at', 'reason']), rows);
}

/** Passages that fit two persons. */
function passageTable({ head: { ambiguous = [] } }: ReadReport, say: Say): readonly string[] {
  if (ambiguous.length === 0) return [];
  const rows = ambiguous.map((passage) => [
    ...placeCells(passage, say),
    couldBe(passage, say),
    String(passage.event),
    stateOfDay(passage, say),
  ]);
  const heading = ['date', 'time', 'camera', 'direction', 'could-be', 'event', 'day'];
  return [table(columns(say, heading), rows)];
}

/** Recognitions without proof of liveness, on days without an attendance. */
function sightingTable({ head: { seenNotProven = [] } }: ReadReport, say: Say): readonly string[] {
  if (seenNotProven.length === 0) return [];
  const rows = seenNotProven.map((sighting) => [
    sighting.name ?? sighting.person,
    ...placeCells(sighting, say),
    sighting.reason,
    String(sighting.event),
    stateOfDay(sighting, say),
  ]);
  const heading = ['seen-not-proven', 'date', 'time', 'camera', 'direction', 'missing', 'event', 'day'];
  return [table(columns(say, heading), rows)];
}

/** When, where, and in which direction somebody was seen. */
const placeCells = (seen: AmbiguousPassageRow | UnprovenSightingRow, say: Say): readonly string[] => [
  ...[seen.date, clock(seen.at, seen.date), seen.camera],
  say(`terminal/direction-${seen.direction}`),
];

const stateOfDay = ({ isCorrected }: AmbiguousPassageRow | UnprovenSightingRow, say: Say): string =>
  say(isCorrected ? 'terminal/corrected' : 'terminal/open');

const couldBe = ({ candidates }: AmbiguousPassageRow, say: Say): string =>
  candidates.map(({ person, name }) => name ?? person).join(` ${say('terminal/or')} `);

/** Limits of the report; empty if there are none. */
export function notes({ head, rows }: ReadReport, say: Say): readonly string[] {
  const unproven = rows.filter(({ statuses }) => statuses.includes('unproven')).length;
  const { seenNotProven, keptFrom, ambiguous, areNamesKnown, areAbsencesKnown } = head;
  return [
    ...(unproven === 0 ? [] : [say('terminal/note-unproven', { days: unproven })]),
    ...(seenNotProven === undefined ? [] : [say('terminal/note-seen', { count: seenNotProven.length })]),
    ...(keptFrom === undefined ? [] : [say('terminal/note-kept-from', { day: keptFrom })]),
    ...(ambiguous === undefined ? [] : [say('terminal/note-ambiguous', { count: ambiguous.length })]),
    ...(areNamesKnown || !areAbsencesKnown ? [] : [say('terminal/note-names')]),
    ...(areAbsencesKnown ? [] : [say('terminal/note-absences')]),
  ];
}

/** What a correction changes, and for an arrival or a departure, the right time. */
const whatOf = ({ kind, at, date }: ShownCorrection, say: Say): string => {
  const what = say(`terminal/correction-${kind}`);
  return at === null ? what : `${what} ${clock(at, date)}`;
};

/** `08:05`, with `+1` or `-1` if the time is not on `date`. */
function clock(iso: string | null, date: string): string {
  if (iso === null) return '-';
  const time = iso.slice(11, 16);
  if (iso.startsWith(date)) return time;
  return iso > date ? `${time}+1` : `${time}-1`;
}

const duration = (minutes: number): string =>
  `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`;
