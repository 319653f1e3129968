import { encodingOfTable, readCsv } from '../../../kernel/csv.js';
import {
  type CellsByColumn,
  cellsByColumn,
  columnNameIn,
  columnsNamed,
  fieldColumn,
  importColumns,
  separatorIn,
} from '../../../kernel/persons/import-columns.js';

/** A row of the table. `cells` is absent where the row has another number of cells than the heading. */
export interface TableRow {
  readonly line: number;
  readonly cells?: CellsByColumn;
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

/**
 * Reads a table of persons (RFC 4180). The heading tells comma, semicolon and tab apart. `customFields`: the IDs of those that the
 * box has.
 */
export function readTable(bytes: ArrayBuffer, customFields: readonly string[]): Table {
  const text = decode(bytes);
  if (text === undefined) return { problem: 'not-text', what: '' };
  const { rows: found, openQuoteLine } = readCsv(text, separatorIn(text));
  if (openQuoteLine !== undefined) return { problem: 'open-quote', what: String(openQuoteLine) };
  const [heading, ...rest] = found;
  if (heading === undefined || rest.length === 0) return { problem: 'no-rows', what: '' };
  const names = heading.cells.map(columnNameIn);
  const columns = [...importColumns, ...customFields.map(fieldColumn)];
  const wrong = names.filter(
    (name, index) => !columns.some((column) => column === name) || names.indexOf(name) < index,
  );
  if (wrong.length > 0) return { problem: 'unknown-column', what: wrong.join(', ') };
  const known = columnsNamed(names);
  if (!known.includes('name')) return { problem: 'no-name-column', what: '' };
  const rows = rest.map(({ line, cells }) =>
    cells.length === known.length ? { line, cells: cellsByColumn(known, cells) } : { line },
  );
  return { rows };
}

/** UTF-8, or UTF-16 with its mark, as spreadsheets write them. In another encoding letters of names would change. */
function decode(bytes: ArrayBuffer): string | undefined {
  try {
    return new TextDecoder(encodingOfTable(new Uint8Array(bytes)), { fatal: true })
      .decode(bytes)
      .replaceAll(/\r\n?/g, '\n');
  } catch (error) {
    if (error instanceof TypeError) return undefined;
    throw error;
  }
}
