import type { CustomField, FieldValues } from '../persons/custom-fields.js';
import { fieldColumn } from '../persons/import-columns.js';
import type { AttendanceStatus } from './attendance-day.js';

/** A row of a report, as far as its table shows it. */
interface TabledDay {
  readonly person: string;
  readonly name?: string;
  readonly externalId?: string;
  readonly fields?: FieldValues;
  readonly date: string;
  readonly shift: string | null;
  readonly shiftFrom: string | null;
  readonly shiftTo: string | null;
  readonly firstIn: string | null;
  readonly lastOut: string | null;
  readonly statuses: readonly AttendanceStatus[];
  readonly workedMin: number;
  readonly breakMin: number;
  readonly awayMin: number;
  readonly earlyMin: number;
  readonly lateMin: number;
  readonly leftEarlyMin: number;
  readonly overtimeMin: number;
  readonly isCorrected: boolean;
}

/** The columns of the one table of attendance that leaves the box for spreadsheets and payroll, by the names that programs read. */
const columns = [
  'person',
  'external_id',
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
type Column = (typeof columns)[number];

/** What the table says to people, in their language. */
export interface TableWords {
  readonly heading: (column: Column) => string;
  /** The heading of a custom field. */
  readonly field: (field: CustomField) => string;
  readonly status: (status: AttendanceStatus) => string;
  /** Between statuses. */
  readonly separator: string;
  readonly yes: string;
  readonly no: string;
}

/** For programs: without words of a language. */
const plain: TableWords = {
  heading: (column) => column,
  field: ({ id }) => fieldColumn(id),
  status: (status) => status,
  ...{ yes: 'yes', no: 'no', separator: ' ' },
};

/** A day, or a time by the clock of the site with its UTC offset, in ISO 8601: each kind of file has its own form for them. */
export interface Moment {
  readonly kind: 'day' | 'time';
  readonly iso: string;
}

export type TableCell = string | number | Moment;

/** The first line, and a line for each row with a cell for each column. `fields`: the custom fields that are the last columns. */
export function attendanceTable(
  rows: readonly TabledDay[],
  fields: readonly CustomField[] = [],
  words: TableWords = plain,
): readonly (readonly TableCell[])[] {
  return [
    [...columns.map(words.heading), ...fields.map(words.field)],
    ...rows.map((row) => [...cellsOf(row, words), ...fields.map(({ id }) => row.fields?.[id] ?? '')]),
  ];
}

function cellsOf(row: TabledDay, { status, separator, yes, no }: TableWords): readonly TableCell[] {
  const times = [row.shiftFrom, row.shiftTo, row.firstIn, row.lastOut];
  return [
    ...[row.person, row.externalId ?? '', row.name ?? ''],
    ...[{ kind: 'day', iso: row.date } as const, row.shift ?? ''],
    ...times.map((iso) => (iso === null ? '' : ({ kind: 'time', iso } as const))),
    row.statuses.map(status).join(separator),
    ...[row.workedMin, row.breakMin, row.awayMin, row.earlyMin],
    ...[row.lateMin, row.leftEarlyMin, row.overtimeMin],
    row.isCorrected ? yes : no,
  ];
}

/** Cells as CSV has them: for programs, or for a spreadsheet, which does not read the `T` and the offset of a time. */
export function textCells(
  table: readonly (readonly TableCell[])[],
  { isForPeople = false }: { readonly isForPeople?: boolean } = {},
): readonly (readonly (string | number)[])[] {
  const text = ({ kind, iso }: Moment): string =>
    kind === 'day' || !isForPeople ? iso : iso.slice(0, 19).replace('T', ' ');
  return table.map((cells) => cells.map((cell) => (typeof cell === 'object' ? text(cell) : cell)));
}
