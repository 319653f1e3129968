import { csvSeparators } from '../../../kernel/csv.js';
import { type ImportColumn, importColumns } from '../../../kernel/persons/import-columns.js';

export const headingExample = importColumns.join(',');

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
  const separator = separatorOf(text);
  const records = recordsOf(text, separator);
  if (!Array.isArray(records)) return { problem: 'open-quote', what: String(records) };
  const [heading, ...rest] = records.filter(({ cells }) => cells.some((cell) => cell.trim() !== ''));
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
      ? { line, cells: Object.fromEntries(known.map((column, at) => [column, plainCell(cells[at] ?? '')])) }
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

function separatorOf(text: string): string {
  const [heading = ''] = text.trimStart().split('\n', 1);
  const known = new Set<string>(importColumns);
  const fits = (separator: string): number =>
    heading.split(separator).filter((cell) => known.has(nameOf(cell.replaceAll('"', '')))).length;
  return csvSeparators.reduce((best, each) => (fits(each) > fits(best) ? each : best));
}

/** A cell that a spreadsheet would run as a formula has an apostrophe before it. */
const plainCell = (cell: string): string => (/^'+[=+\-@\t\r]/.test(cell) ? cell.slice(1) : cell);

interface CellsOfRow {
  readonly line: number;
  readonly cells: string[];
}

/** The cells of each row, or the line of a quote that does not end. */
function recordsOf(text: string, separator: string): CellsOfRow[] | number {
  const records: CellsOfRow[] = [];
  let line = 1;
  let record: CellsOfRow = { line, cells: [] };
  let at = 0;
  while (at < text.length) {
    let cell: string;
    if (text[at] === '"') {
      const end = closingQuote(text, at + 1);
      if (end < 0) return line;
      cell = text.slice(at + 1, end).replaceAll('""', '"');
      at = end + 1;
      line += cell.split('\n').length - 1;
    } else {
      const rest = text
        .slice(at)
        .search(separator === ';' ? /[;\n]/ : separator === ',' ? /[,\n]/ : /[\t\n]/);
      const end = rest < 0 ? text.length : at + rest;
      cell = text.slice(at, end);
      at = end;
    }
    record.cells.push(cell);
    if (text[at] === separator) {
      at += 1;
      if (at < text.length) continue;
      record.cells.push('');
    }
    // The end of the line, or of the text.
    at += 1;
    line += 1;
    records.push(record);
    record = { line, cells: [] };
  }
  return records;
}

function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at;
}
