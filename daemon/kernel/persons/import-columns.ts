import { type CsvSeparator, csvSeparators, unprotectCell } from '../csv.js';
import { type FieldValues, fieldId } from './custom-fields.js';

/** Columns of a table of persons, in the order of an export, which has those of custom fields behind them. Only `name` is required. */
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

/** Before the ID of a custom field, in the name of its column. */
const fieldPrefix = 'field_';

export type ImportColumn = (typeof importColumns)[number] | `${typeof fieldPrefix}${string}`;

/** The column of a custom field. */
export const fieldColumn = (id: string): ImportColumn => `${fieldPrefix}${id}`;

const isFieldColumn = (name: string): name is ImportColumn =>
  name.startsWith(fieldPrefix) && fieldId.test(name.slice(fieldPrefix.length));

/** The name of a column as people write it: `External ID` is `external_id`. */
export function columnNameIn(cell: string): string {
  return cell.trim().toLowerCase().replaceAll(/[ -]/g, '_');
}

/** The columns with these names, in this order. Other names are left out. */
export function columnsNamed(names: readonly string[]): readonly ImportColumn[] {
  return names.flatMap((name) =>
    isFieldColumn(name) ? [name] : importColumns.filter((column) => column === name),
  );
}

/** The values of custom fields in a row, also empty ones. */
export function fieldsIn(cells: CellsByColumn): FieldValues {
  const given = Object.entries(cells).filter(([column]) => isFieldColumn(column));
  return Object.fromEntries(given.map(([column, cell]) => [column.slice(fieldPrefix.length), cell ?? '']));
}

export type CellsByColumn = Readonly<Partial<Record<ImportColumn, string>>>;

/** The separator that splits the first row into the most known columns. */
export function separatorIn(text: string): CsvSeparator {
  const [heading = ''] = text.trimStart().split('\n', 1);
  const score = (separator: CsvSeparator): number =>
    columnsNamed(heading.split(separator).map((cell) => columnNameIn(cell.replaceAll('"', '')))).length;
  return csvSeparators.reduce((best, each) => (score(each) > score(best) ? each : best));
}

/** The cells of a row by column. A row has a cell for each column. */
export function cellsByColumn(columns: readonly ImportColumn[], cells: readonly string[]): CellsByColumn {
  return Object.fromEntries(columns.map((column, at) => [column, unprotectCell(cells[at] ?? '')]));
}

/** Separates the paths in the column `photographs`, and the names in `groups`. */
export const listSeparator = ';';
