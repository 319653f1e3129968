import { CsvError, parse } from 'csv-parse/sync';
import { counted } from '../../base/counted.js';
import { type ImportColumn, importColumns, unprotectCell } from './import-columns.js';
import { badTable, decodeTable } from './import-text.js';

/** What may stand between the cells of a row. */
export const separators = [',', ';', '\t'] as const;
export type Separator = (typeof separators)[number];

/** Rows of one import. */
const mostRows = 20_000;
/** Longest row, characters. */
const longestRow = 64 * 1024;

/** A row of the table: its cells by column, or why they are not to be told apart. */
export type TableRow = { readonly line: number } & (
  | { readonly cells: Readonly<Partial<Record<ImportColumn, string>>> }
  | { readonly problem: string }
);

/**
 * Reads a table of persons (RFC 4180). Its first row names the columns, in any order; empty lines do not count.
 * @param separator - what stands between cells; found out from the first row where it is not given
 * @throws `bad-table` with the line where it cannot be read at all
 */
export function parseTable(bytes: Buffer, separator?: Separator): readonly TableRow[] {
  const text = decodeTable(bytes).replaceAll(/\r\n?/g, '\n');
  const records = readRecords(text, separator ?? detectSeparator(text));
  const [heading, ...rest] = records;
  if (heading === undefined)
    throw badTable('it is empty', `begin it with the columns: ${importColumns.join(',')}`);
  const columns = checkHeading(heading);
  if (rest.length > mostRows) throw badTable(`it has more than ${mostRows} rows`, 'split it');
  if (rest.length === 0) throw badTable('it has no rows below its heading', 'add a row for each person');
  return rest.map(({ line, cells }) => {
    if (cells.length === columns.length) {
      const named = columns.map((column, index) => [column, unprotectCell(cells[index] ?? '')] as const);
      return { line, cells: Object.fromEntries(named) };
    }
    return { line, problem: `the row has ${counted(cells.length, 'cell')}, the heading ${columns.length}` };
  });
}

interface CsvRecord {
  /** Line of the file that the row begins in, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

function readRecords(text: string, delimiter: Separator): readonly CsvRecord[] {
  const found: CsvRecord[] = [];
  let nextLine = 1;
  try {
    parse(text, {
      delimiter,
      record_delimiter: '\n',
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      max_record_size: longestRow,
      on_record: (cells: readonly string[], { lines }) => {
        // The count is that of the line a row ends in: it begins that many earlier as it has line feeds in its cells.
        const inside = cells.reduce((sum, cell) => sum + cell.split('\n').length - 1, 0);
        nextLine = lines + 1;
        found.push({ line: lines - inside, cells });
        return null;
      },
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw describe(error, nextLine);
  }
  return found;
}

/** What csv-parse says itself quotes the cell: a name has no place in an error. `nextLine`: behind the last good row. */
function describe(error: CsvError, nextLine: number) {
  if (error.code === 'CSV_QUOTE_NOT_CLOSED') {
    const remedy = 'close it, or double it if it belongs to the text: ""';
    return badTable(`a quote that is opened at line ${nextLine} or below is never closed`, remedy);
  }
  if (error.code === 'CSV_MAX_RECORD_SIZE') {
    const reason = `the row that begins at line ${nextLine} or below is longer than ${longestRow} characters`;
    return badTable(reason, 'look for a quote that is never closed');
  }
  const line = typeof error['lines'] === 'number' ? error['lines'] : nextLine;
  const remedy = 'put the whole cell between quotes, and double those inside it: ""';
  return badTable(`line ${line} has a quote inside a cell`, remedy);
}

/** The separator with which the first row makes the most columns that are known. */
function detectSeparator(text: string): Separator {
  const [heading = ''] = text.trimStart().split('\n', 1);
  const known = new Set<string>(importColumns);
  const score = (separator: Separator): number =>
    heading.split(separator).filter((cell) => known.has(columnOf(cell.replaceAll('"', '')))).length;
  return separators.reduce((best, candidate) => (score(candidate) > score(best) ? candidate : best));
}

function checkHeading({ cells, line }: CsvRecord): readonly ImportColumn[] {
  const names = cells.map(columnOf);
  const unknown = names.filter((name) => !importColumns.some((column) => column === name));
  const remedy = `columns are: ${importColumns.join(', ')}; only name must be there`;
  const where = `line ${line}: `;
  if (unknown.length > 0) {
    const list = unknown.map((name) => JSON.stringify(name.slice(0, 40))).join(', ');
    throw badTable(`${where}these are no columns: ${list}`, remedy);
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw badTable(`${where}the column ${twice} is there twice`, remedy);
  if (!names.includes('name')) throw badTable(`${where}the column name is missing`, remedy);
  return names.flatMap((name) => importColumns.filter((column) => column === name));
}

function columnOf(cell: string): string {
  return cell.trim().toLowerCase().replaceAll(/[ -]/g, '_');
}
