/** A row of a report, as far as its table shows it. */
interface TabledDay {
  readonly person: string;
  readonly name?: string;
  readonly externalId?: string;
  readonly date: string;
  readonly shift: string | null;
  readonly shiftFrom: string | null;
  readonly shiftTo: string | null;
  readonly firstIn: string | null;
  readonly lastOut: string | null;
  readonly statuses: readonly string[];
  readonly workedMin: number;
  readonly breakMin: number;
  readonly awayMin: number;
  readonly earlyMin: number;
  readonly lateMin: number;
  readonly leftEarlyMin: number;
  readonly overtimeMin: number;
  readonly isCorrected: boolean;
}

/** Languages of the headings. Without one, the columns have the names that programs read. */
export const tableLanguages = ['en', 'de'] as const;
export type TableLanguage = (typeof tableLanguages)[number];

/** The columns of the one table of attendance that leaves the box for spreadsheets and payroll, with their headings for people. */
const columns = {
  person: { en: 'Person', de: 'Kennung' },
  external_id: { en: 'External ID', de: 'Externe Kennung' },
  name: { en: 'Name', de: 'Name' },
  date: { en: 'Date', de: 'Datum' },
  shift: { en: 'Shift', de: 'Schicht' },
  shift_from: { en: 'Shift start', de: 'Schichtbeginn' },
  shift_to: { en: 'Shift end', de: 'Schichtende' },
  first_in: { en: 'First arrival', de: 'Erstes Kommen' },
  last_out: { en: 'Last departure', de: 'Letztes Gehen' },
  statuses: { en: 'Status', de: 'Status' },
  worked_min: { en: 'Worked (min)', de: 'Arbeitszeit (min)' },
  break_min: { en: 'Break (min)', de: 'Pause (min)' },
  away_min: { en: 'Away (min)', de: 'Abwesenheit (min)' },
  early_min: { en: 'Early (min)', de: 'Zu früh gekommen (min)' },
  late_min: { en: 'Late (min)', de: 'Verspätet (min)' },
  left_early_min: { en: 'Left early (min)', de: 'Zu früh gegangen (min)' },
  overtime_min: { en: 'Overtime (min)', de: 'Überstunden (min)' },
  corrected: { en: 'Corrected', de: 'Korrigiert' },
} as const;

const yesAndNo = { en: ['yes', 'no'], de: ['ja', 'nein'] } as const;

/** A day, or a time by the clock of the site with its UTC offset, in ISO 8601: each kind of file has its own form for them. */
export interface Moment {
  readonly kind: 'day' | 'time';
  readonly iso: string;
}

export type TableCell = string | number | Moment;

/** The first line, and a line for each row with a cell for each column. */
export function attendanceTable(
  rows: readonly TabledDay[],
  language?: TableLanguage,
): readonly (readonly TableCell[])[] {
  const names = Object.entries(columns).map(([name, headings]) =>
    language === undefined ? name : headings[language],
  );
  return [names, ...rows.map((row) => cellsOf(row, yesAndNo[language ?? 'en']))];
}

function cellsOf(row: TabledDay, [yes, no]: readonly [yes: string, no: string]): readonly TableCell[] {
  const times = [row.shiftFrom, row.shiftTo, row.firstIn, row.lastOut];
  return [
    ...[row.person, row.externalId ?? '', row.name ?? ''],
    ...[{ kind: 'day', iso: row.date } as const, row.shift ?? ''],
    ...times.map((iso) => (iso === null ? '' : ({ kind: 'time', iso } as const))),
    row.statuses.join(' '),
    ...[row.workedMin, row.breakMin, row.awayMin, row.earlyMin],
    ...[row.lateMin, row.leftEarlyMin, row.overtimeMin],
    row.isCorrected ? yes : no,
  ];
}

/** Cells as CSV has them. With a language they are for a spreadsheet, which does not read the `T` and the offset of a time. */
export function textCells(
  table: readonly (readonly TableCell[])[],
  language?: TableLanguage,
): readonly (readonly (string | number)[])[] {
  const text = ({ kind, iso }: Moment): string =>
    kind === 'day' || language === undefined ? iso : iso.slice(0, 19).replace('T', ' ');
  return table.map((cells) => cells.map((cell) => (typeof cell === 'object' ? text(cell) : cell)));
}
