import { type CsvSeparator, csvSeparators, unprotectCell } from '../csv.js';

/** Columns of a table of persons, in the order of an export. Only `name` is required. */
export const importColumns = [
  'name',
  'external_id',
  'notes',
  'consent_basis',
  'consent_date',
  'consent_reference',
  'groups',
  'valid_from',
  'valid_until',
  'watch',
  'watch_reason',
  'photographs',
] as const;

export type ImportColumn = (typeof importColumns)[number];

/** The name of a column as people write it: `External ID` is `external_id`. */
export function columnNameIn(cell: string): string {
  return cell.trim().toLowerCase().replaceAll(/[ -]/g, '_');
}

/** The columns with these names, in this order. Other names are left out. */
export function columnsNamed(names: readonly string[]): readonly ImportColumn[] {
  return names.flatMap((name) => importColumns.filter((column) => column === name));
}

/** The separator that splits the first row into the most known columns. */
export function separatorIn(text: string): CsvSeparator {
  const [heading = ''] = text.trimStart().split('\n', 1);
  const score = (separator: CsvSeparator): number =>
    columnsNamed(heading.split(separator).map((cell) => columnNameIn(cell.replaceAll('"', '')))).length;
  return csvSeparators.reduce((best, each) => (score(each) > score(best) ? each : best));
}

/** The cells of a row by column. A row has a cell for each column. */
export function cellsByColumn(
  columns: readonly ImportColumn[],
  cells: readonly string[],
): Readonly<Partial<Record<ImportColumn, string>>> {
  return Object.fromEntries(columns.map((column, at) => [column, unprotectCell(cells[at] ?? '')]));
}

/** Separates the paths in the column `photographs`, and the names in `groups`. */
export const listSeparator = ';';
