import { counted } from '../../base/counted.js';
import type { ReadReport } from '../../control/attendance-client.js';
import type {
  AmbiguousPassageRow,
  AttendanceRow,
  CorrectionResult,
  ShownCorrection,
} from '../../control/attendance-control.js';
import { csvLine } from '../csv-line.js';
import { table } from '../output.js';
import type { ShowTime } from '../site-time.js';

const columns = [
  'person',
  'name',
  'date',
  'shift',
  'shift_from',
  'shift_to',
  'first_in',
  'last_out',
  'statuses',
  'worked_min',
  'break_min',
  'away_min',
  'early_min',
  'late_min',
  'left_early_min',
  'overtime_min',
  'corrected',
] as const;

/** UTF-8 with a byte order mark and lines ended as RFC 4180 has it; a cell that a spreadsheet could run is defused. */
export function attendanceCsv({ rows }: ReadReport): Buffer {
  const lines = rows.map((row) =>
    csvLine([
      row.person,
      row.name ?? '',
      row.date,
      row.shift ?? '',
      row.shiftFrom ?? '',
      row.shiftTo ?? '',
      row.firstIn ?? '',
      row.lastOut ?? '',
      row.statuses.join(' '),
      ...[row.workedMin, row.breakMin, row.awayMin, row.earlyMin].map(String),
      ...[row.lateMin, row.leftEarlyMin, row.overtimeMin].map(String),
      row.isCorrected ? 'yes' : 'no',
    ]),
  );
  return Buffer.from(`\ufeff${[csvLine(columns), ...lines].join('\r\n')}\r\n`, 'utf8');
}

export function describeToday(report: ReadReport): string {
  const { rows, head } = report;
  const some = (status: string): number =>
    rows.filter(({ statuses }) => statuses.some((each) => each === status)).length;
  const without = [
    ...(some('unproven') === 0 ? [] : [`, ${some('unproven')} unproven`]),
    ...(some('seen-not-proven') === 0 ? [] : [`, ${some('seen-not-proven')} seen, not proven`]),
  ].join('');
  const sums = `${some('present')} present, ${some('expected')} expected, ${some('absent')} absent, ${some('late')} late${without}`;
  const byName = rows.toSorted((a, b) => whoOf(a).localeCompare(whoOf(b)));
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
  const hours = rows.reduce((sum, { workedMin }) => sum + workedMin, 0);
  const overtime = rows.reduce((sum, { overtimeMin }) => sum + overtimeMin, 0);
  return [
    `${head.site}, ${head.from} to ${head.to} (${head.timeZone}): ${duration(hours)} worked, ${duration(overtime)} of it overtime`,
    ...dayTable(rows),
    ...(rows.some(({ workedSoFarMin }) => workedSoFarMin !== undefined)
      ? ['The sum does not count the time so far of persons who are present.']
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

const whoOf = ({ name, person }: AttendanceRow): string => name ?? person;

function dayTable(rows: readonly AttendanceRow[]): readonly string[] {
  if (rows.length === 0) return ['nothing to report'];
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

/** `7:55`, or `3:12 so far` of a person who is present. */
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
  return table(['correction', 'date', 'what', 'by', 'made at', 'reason'], rows);
}

/** Passages that could be of either of two persons. */
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

/** Recognitions without proof of life on days without an attendance. */
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

/** What a report cannot know; empty where there is nothing to say. */
export function notes({ head, rows }: ReadReport): readonly string[] {
  const unproven = rows.filter(({ statuses }) => statuses.includes('unproven')).length;
  return [
    ...(unproven === 0
      ? []
      : [
          `${counted(unproven, 'day')} marked "unproven": a time rests on an attendance without proof that the person was live.`,
        ]),
    ...(head.seenNotProven === undefined
      ? []
      : [
          `${counted(head.seenNotProven.length, 'time')} a person was recognised without proof of life, and did not attend that day. Find out who it was, and correct the day with \`rollcall attendance correct\`.`,
        ]),
    ...(head.keptFrom === undefined
      ? []
      : [`Records of days before ${head.keptFrom} are not kept any more.`]),
    ...(head.ambiguous === undefined
      ? []
      : [
          `${counted(head.ambiguous.length, 'passage')} could be of either of two persons and count for neither. Correct the day of the right person with \`rollcall attendance correct\`.`,
        ]),
    ...(head.areNamesKnown || !head.areAbsencesKnown
      ? []
      : ['Names are not shown: nobody is enrolled, or the gallery is sealed.']),
    ...(head.areAbsencesKnown
      ? []
      : ['Nobody is told absent: the gallery is not open, so it is not known who was to come.']),
  ];
}

const whatOf = ({ kind, at, date }: ShownCorrection): string =>
  at === null ? kind : `${kind} ${clock(at, date)}`;

/** `08:05` of a time at the site, with `+1` where it is not of `date`. */
function clock(iso: string | null, date: string): string {
  if (iso === null) return '-';
  return iso.startsWith(date)
    ? iso.slice(11, 16)
    : `${iso.slice(11, 16)}${iso.slice(0, 10) > date ? '+1' : '-1'}`;
}

const duration = (minutes: number): string =>
  `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`;
