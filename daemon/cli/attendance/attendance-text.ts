import type {
  AmbiguousPassageRow,
  AttendanceHead,
  AttendanceRow,
  CorrectionResult,
  ReportItem,
  ShownCorrection,
} from '../../contract/attendance.js';
import { attendanceTable, type TableWords, textCells } from '../../kernel/attendance/attendance-table.js';
import { counted } from '../../kernel/counted.js';
import { type CsvSeparator, csvText } from '../../kernel/csv.js';
import { defect } from '../../kernel/errors.js';
import { said } from '../../kernel/said.js';
import { table } from '../../kernel/text-table.js';
import type { Language } from '../../words/language.js';
import type { ShowTime } from '../site-time.js';

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
  { rows }: ReadReport,
  { language, separator }: { readonly language?: Language; readonly separator?: CsvSeparator } = {},
): Buffer {
  const own = language !== undefined && (1.5).toLocaleString(language.tag).includes(',') ? ';' : ',';
  const cells = textCells(attendanceTable(rows, language && tableWords(language)), {
    isForPeople: language !== undefined,
  });
  return Buffer.from(csvText(cells, separator ?? own), 'utf8');
}

const tableWords = (language: Language): TableWords => ({
  heading: (column) => language.textOf(said(`attendance/column-${column}`)),
  yes: language.textOf(said('attendance/cell-yes')),
  no: language.textOf(said('attendance/cell-no')),
});

export function describeToday(report: ReadReport): string {
  const { rows, head } = report;
  const count = (status: string): number =>
    rows.filter(({ statuses }) => statuses.some((each) => each === status)).length;
  const doubtful = [
    ...(count('unproven') === 0 ? [] : [`, ${count('unproven')} unproven`]),
    ...(count('seen-not-proven') === 0 ? [] : [`, ${count('seen-not-proven')} seen, not proven`]),
  ].join('');
  const sums = `${count('present')} present, ${count('expected')} expected, ${count('absent')} absent, ${count('late')} late${doubtful}`;
  const byName = rows.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)));
  return [
    `${head.site}, ${head.to}: ${sums}`,
    ...dayTable(byName),
    ...passageTable(report),
    ...sightingTable(report),
    ...notes(report),
  ].join('\n\n');
}

export function describeReport(report: ReadReport, show: ShowTime): string {
  const { head, rows } = report;
  const worked = rows.reduce((sum, { workedMin }) => sum + workedMin, 0);
  const overtime = rows.reduce((sum, { overtimeMin }) => sum + overtimeMin, 0);
  return [
    `${head.site}, ${head.from} to ${head.to} (${head.timeZone}): ${duration(worked)} worked, of which ${duration(overtime)} overtime`,
    ...dayTable(rows),
    ...(rows.some(({ workedSoFarMin }) => workedSoFarMin !== undefined)
      ? ['The sum does not include the time of persons who are still present.']
      : []),
    ...(head.corrections === undefined || head.corrections.length === 0
      ? []
      : [correctionTable(head.corrections, show)]),
    ...passageTable(report),
    ...sightingTable(report),
    ...notes(report),
  ].join('\n\n');
}

export function describeCorrection({ correction, rows }: CorrectionResult): string {
  return [
    `correction ${correction.number} of ${correction.person}, ${correction.date}: ${whatOf(correction)}`,
    ...dayTable(rows),
  ].join('\n');
}

const nameOf = ({ name, person }: AttendanceRow): string => name ?? person;

function dayTable(rows: readonly AttendanceRow[]): readonly string[] {
  if (rows.length === 0) return ['no attendance in this period'];
  const heading = [
    'person',
    'name',
    'date',
    'shift',
    'in',
    'out',
    'worked',
    'late',
    'left early',
    'overtime',
    'status',
  ];
  const cells = rows.map((row) => [
    row.person,
    row.name ?? '-',
    row.date,
    row.shift ?? '-',
    clock(row.firstIn, row.date),
    clock(row.lastOut, row.date),
    workedText(row),
    ...[row.lateMin, row.leftEarlyMin, row.overtimeMin].map((each) => (each === 0 ? '-' : duration(each))),
    [...row.statuses, ...(row.isCorrected ? ['corrected'] : [])].join(', '),
  ]);
  return [table(heading, cells)];
}

/** `7:55`, or `3:12 so far` for a person who is still present. */
const workedText = ({ workedMin, workedSoFarMin }: AttendanceRow): string =>
  workedSoFarMin === undefined ? duration(workedMin) : `${duration(workedSoFarMin)} so far`;

function correctionTable(corrections: readonly ShownCorrection[], show: ShowTime): string {
  const rows = corrections.map((each) => [
    String(each.number),
    each.date,
    whatOf(each),
    each.by,
    show(each.madeAt),
    each.reason,
  ]);
  return table(['correction', 'date', 'change', 'by', 'made at', 'reason'], rows);
}

/** Passages that fit two persons. */
function passageTable({ head: { ambiguous = [] } }: ReadReport): readonly string[] {
  if (ambiguous.length === 0) return [];
  const rows = ambiguous.map((passage) => [
    passage.date,
    clock(passage.at, passage.date),
    passage.camera,
    passage.direction,
    couldBe(passage),
    String(passage.event),
    passage.isCorrected ? 'corrected' : 'open',
  ]);
  return [table(['date', 'time', 'camera', 'direction', 'could be', 'event', 'day'], rows)];
}

/** Recognitions without proof of liveness, on days without an attendance. */
function sightingTable({ head: { seenNotProven = [] } }: ReadReport): readonly string[] {
  if (seenNotProven.length === 0) return [];
  const rows = seenNotProven.map((sighting) => [
    sighting.name ?? sighting.person,
    sighting.date,
    clock(sighting.at, sighting.date),
    sighting.camera,
    sighting.direction,
    sighting.reason,
    String(sighting.event),
    sighting.isCorrected ? 'corrected' : 'open',
  ]);
  const heading = ['seen, not proven', 'date', 'time', 'camera', 'direction', 'missing', 'event', 'day'];
  return [table(heading, rows)];
}

const couldBe = ({ candidates }: AmbiguousPassageRow): string =>
  candidates.map(({ person, name }) => name ?? person).join(' or ');

/** Limits of the report; empty if there are none. */
export function notes({ head, rows }: ReadReport): readonly string[] {
  const unproven = rows.filter(({ statuses }) => statuses.includes('unproven')).length;
  return [
    ...(unproven === 0
      ? []
      : [
          `${counted(unproven, 'day')} marked "unproven": a time comes from an attendance without proof of liveness.`,
        ]),
    ...(head.seenNotProven === undefined
      ? []
      : [
          `${counted(head.seenNotProven.length, 'recognition')} without proof of liveness, on days without an attendance of that person. Find out who it was, and correct the day with \`rollcall attendance correct\`.`,
        ]),
    ...(head.keptFrom === undefined ? [] : [`Records from before ${head.keptFrom} have been deleted.`]),
    ...(head.ambiguous === undefined
      ? []
      : [
          `${counted(head.ambiguous.length, 'passage fits', 'passages fit')} two persons and ${head.ambiguous.length === 1 ? 'counts' : 'count'} for neither. Correct the day of the right person with \`rollcall attendance correct\`.`,
        ]),
    ...(head.areNamesKnown || !head.areAbsencesKnown
      ? []
      : ['Names are missing because no person is enrolled or the gallery is sealed.']),
    ...(head.areAbsencesKnown
      ? []
      : ['Absences are missing because the gallery is not open: the expected persons are unknown.']),
  ];
}

const whatOf = ({ kind, at, date }: ShownCorrection): string =>
  at === null ? kind : `${kind} ${clock(at, date)}`;

/** `08:05`, with `+1` or `-1` if the time is not on `date`. */
function clock(iso: string | null, date: string): string {
  if (iso === null) return '-';
  const time = iso.slice(11, 16);
  if (iso.startsWith(date)) return time;
  return iso > date ? `${time}+1` : `${time}-1`;
}

const duration = (minutes: number): string =>
  `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`;
