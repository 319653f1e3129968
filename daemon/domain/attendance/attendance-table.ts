/** A row of a report, as far as its table shows it. */
export interface TabledDay {
  readonly person: string;
  readonly name?: string;
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

/** The one table of attendance that leaves the box for spreadsheets and payroll, whatever its file form. */
export const attendanceColumns = [
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

/** The cells of a row, one for each column. */
export function attendanceCells(row: TabledDay): readonly (string | number)[] {
  return [
    ...[row.person, row.name ?? '', row.date, row.shift ?? ''],
    ...[row.shiftFrom, row.shiftTo, row.firstIn, row.lastOut].map((time) => time ?? ''),
    row.statuses.join(' '),
    ...[row.workedMin, row.breakMin, row.awayMin, row.earlyMin],
    ...[row.lateMin, row.leftEarlyMin, row.overtimeMin],
    row.isCorrected ? 'yes' : 'no',
  ];
}
