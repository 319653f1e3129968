import { CsvError, parse } from 'csv-parse/browser/esm/sync';
import { type CsvSeparator, csvSeparators, firstLineOfRow, unprotectCell } from '../../../kernel/csv.js';
import { type ImportColumn, importColumns } from '../../../kernel/persons/import-columns.js';

/** A row of the table. `cells` is absent where the row has another number of cells than the heading. */
export interface TableRow {
  readonly line: number;
  readonly cells?: Readonly<Partial<Record<ImportColumn, string>>>;
}

export type TableProblem =
  | 'not-text'
  | 'no-table'
  | 'no-rows'
  | 'unknown-column'
  | 'no-name-column'
  | 'open-quote';
export type Table =
  | { readonly rows: readonly TableRow[] }
  | { readonly problem: TableProblem; readonly what: string };

/** Reads a table of persons (RFC 4180). The heading tells comma, semicolon and tab apart. */
export function readTable(bytes: ArrayBuffer): Table {
  const text = decode(bytes);
  if (text === undefined) return { problem: 'not-text', what: '' };
  const records = recordsOf(text, separatorOf(text));
  if (!Array.isArray(records)) return { problem: 'open-quote', what: String(records) };
  const [heading, ...rest] = records;
  if (heading === undefined || rest.length === 0) return { problem: 'no-rows', what: '' };
  const names = heading.cells.map(nameOf);
  const known = names.flatMap((name) => importColumns.filter((column) => column === name));
  if (known.length < names.length) {
    const unknown = names.filter((name) => !known.some((column) => column === name));
    return { problem: 'unknown-column', what: unknown.join(', ') };
  }
  if (!known.includes('name')) return { problem: 'no-name-column', what: '' };
  const rows = rest.map(({ line, cells }) =>
    cells.length === known.length
      ? {
          line,
          cells: Object.fromEntries(known.map((column, at) => [column, unprotectCell(cells[at] ?? '')])),
        }
      : { line },
  );
  return { rows };
}

const nameOf = (cell: string): string => cell.trim().toLowerCase().replaceAll(/[ -]/g, '_');

/** UTF-8, or UTF-16 with its mark, as spreadsheets write them. In another encoding letters of names would change. */
function decode(bytes: ArrayBuffer): string | undefined {
  const [first, second] = new Uint8Array(bytes);
  const encoding =
    first === 0xff && second === 0xfe ? 'utf-16le' : first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8';
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes).replaceAll(/\r\n?/g, '\n');
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

function separatorOf(text: string): CsvSeparator {
  const [heading = ''] = text.trimStart().split('\n', 1);
  const known = new Set<string>(importColumns);
  const fits = (separator: string): number =>
    heading.split(separator).filter((cell) => known.has(nameOf(cell.replaceAll('"', '')))).length;
  return csvSeparators.reduce((best, each) => (fits(each) > fits(best) ? each : best));
}

interface CellsOfRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/** The cells of each row that is not empty, or the line from which on a quote does not end. */
function recordsOf(text: string, delimiter: CsvSeparator): CellsOfRow[] | number {
  const found: CellsOfRow[] = [];
  let nextLine = 1;
  try {
    parse(text, {
      delimiter,
      record_delimiter: '\n',
      relax_column_count: true,
      relax_quotes: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      on_record: (cells: readonly string[], { lines }) => {
        // `lines` is the last line of the row.
        found.push({ line: firstLineOfRow(cells, lines), cells });
        nextLine = lines + 1;
        return null;
      },
    });
    return found;
  } catch (error) {
    if (error instanceof CsvError) return nextLine;
    throw error;
  }
}
