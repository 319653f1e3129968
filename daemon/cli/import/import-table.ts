import { counted } from '../../kernel/counted.js';
import { type CsvRow, type CsvSeparator, encodingOfTable, readCsv } from '../../kernel/csv.js';
import { badInput } from '../../kernel/errors.js';
import {
  type CellsByColumn,
  cellsByColumn,
  columnNameIn,
  columnsNamed,
  type ImportColumn,
  importColumns,
  separatorIn,
} from '../../kernel/persons/import-columns.js';

/** Largest number of rows in one import. */
const mostRows = 20_000;
/** Longest row, characters. */
const longestRow = 64 * 1024;

/** A row of the table: its cells by column, or the problem with their number. */
export type TableRow = { readonly line: number } & (
  | { readonly cells: CellsByColumn }
  | { readonly problem: string }
);

/**
 * Reads a table of persons (RFC 4180). The first row names the columns, in any order. Empty lines are skipped.
 * @param separator - detected from the first row if absent
 * @throws `bad-table` with the line if the table cannot be read
 */
export function parseTable(bytes: Buffer, separator?: CsvSeparator): readonly TableRow[] {
  const text = decodeTable(bytes).replaceAll(/\r\n?/g, '\n');
  const records = readRecords(text, separator ?? separatorIn(text));
  const [heading, ...rest] = records;
  if (heading === undefined)
    throw badTable('it is empty', `Write the columns in the first line: ${importColumns.join(',')}.`);
  const columns = checkHeading(heading);
  if (rest.length > mostRows)
    throw badTable(`it has more than ${mostRows} rows`, 'Split it into several files.');
  if (rest.length === 0) throw badTable('it has no rows below its heading', 'Add a row for each person.');
  return rest.map(({ line, cells }) => {
    if (cells.length === columns.length) return { line, cells: cellsByColumn(columns, cells) };
    return { line, problem: `the row has ${counted(cells.length, 'cell')}, the heading ${columns.length}` };
  });
}

function readRecords(text: string, separator: CsvSeparator): readonly CsvRow[] {
  const { rows, openQuoteLine, strayQuoteLine } = readCsv(text, separator);
  if (strayQuoteLine !== undefined) {
    const remedy = 'Put the whole cell between quotes, and write quotes inside it twice: "".';
    throw badTable(`line ${strayQuoteLine} has a quote inside a cell`, remedy);
  }
  if (openQuoteLine !== undefined) {
    const remedy = 'Add the closing quote; write a quote inside a text twice: "".';
    throw badTable(`a quote opened at line ${openQuoteLine} or below has no closing quote`, remedy);
  }
  const long = rows.find(({ cells }) => cells.reduce((sum, { length }) => sum + length, 0) > longestRow);
  if (long === undefined) return rows;
  const reason = `the row that starts at line ${long.line} is longer than ${longestRow} characters`;
  throw badTable(reason, 'Look for a missing closing quote.');
}

function checkHeading({ cells, line }: CsvRow): readonly ImportColumn[] {
  const names = cells.map(columnNameIn);
  const unknown = names.filter((name) => columnsNamed([name]).length === 0);
  const remedy = `Use these columns: ${importColumns.join(', ')}, and field_ID for a custom field; only name is required.`;
  const where = `line ${line}: `;
  if (unknown.length > 0) {
    const list = unknown.map((name) => JSON.stringify(name.slice(0, 40))).join(', ');
    throw badTable(`${where}unknown columns: ${list}`, remedy);
  }
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw badTable(`${where}the column ${twice} appears twice`, remedy);
  if (!names.includes('name')) throw badTable(`${where}the column name is missing`, remedy);
  return columnsNamed(names);
}

const lineFeed = 0x0a;

function badTable(reason: string, remedy: string) {
  return badInput('bad-table', `cannot read the table: ${reason}`, { remedy });
}

/**
 * Decodes a table: UTF-8, or UTF-16 with a byte order mark, as spreadsheets write them.
 * @throws `bad-table` with the line if it is neither
 */
function decodeTable(bytes: Buffer): string {
  const encoding = encodingOfTable(bytes);
  const text = decode(bytes, encoding);
  if (text === undefined) {
    const where = encoding === 'utf-8' ? `line ${badLineOf(bytes)} is` : 'it is';
    throw badTable(
      `${where} not ${encoding.toUpperCase()}`,
      "Save it as 'CSV UTF-8', so that letters in names stay correct.",
    );
  }
  const nul = text.indexOf('\0');
  if (nul < 0) return text;
  throw badTable(`line ${lineAt(text, nul)} contains a NUL character`, 'Give a CSV file.');
}

function decode(bytes: Buffer, encoding: string): string | undefined {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}

/** The first line that is not UTF-8. In UTF-8 a line feed byte is always a line feed, so each line can be decoded alone. */
function badLineOf(bytes: Buffer): number {
  let start = 0;
  for (let line = 1; ; line += 1) {
    const end = bytes.indexOf(lineFeed, start);
    if (end < 0 || decode(bytes.subarray(start, end), 'utf-8') === undefined) return line;
    start = end + 1;
  }
}

/** The line of the character at `index`, from 1. */
function lineAt(text: string, index: number): number {
  return text.slice(0, index).split('\n').length;
}
