/** A spreadsheet takes `,` or `;` for the separator by the decimal sign of its language. */
export const csvSeparators = [',', ';', '\t'] as const;
export type CsvSeparator = (typeof csvSeparators)[number];

/** One line of CSV (RFC 4180) without the line end. Cells are protected from being run as formulas. */
export function csvLine(cells: readonly string[], separator: CsvSeparator = ','): string {
  return cells.map((cell) => quoted(protectCell(cell))).join(separator);
}

/** A whole table for a spreadsheet: with a byte order mark, without which Excel does not read UTF-8, and CRLF line ends. */
export function csvText(
  lines: readonly (readonly (string | number)[])[],
  separator: CsvSeparator = ',',
): string {
  return `\ufeff${lines.map((cells) => `${csvLine(cells.map(String), separator)}\r\n`).join('')}`;
}

function quoted(text: string): string {
  return /[",;\t\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/**
 * Puts an apostrophe before a cell that a spreadsheet would run as a formula ("CSV injection", OWASP). Names such as
 * `'t Hooft` do not change.
 */
function protectCell(text: string): string {
  return /^'*[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

/** The inverse of `protectCell`. */
export function unprotectCell(text: string): string {
  return /^'+[=+\-@\t\r]/.test(text) ? text.slice(1) : text;
}

export interface CsvRow {
  /** Its first line in the file, from 1. */
  readonly line: number;
  readonly cells: readonly string[];
}

/** What `readCsv` found in a text. */
export interface CsvContent {
  /** Without rows that have only blank cells. */
  readonly rows: readonly CsvRow[];
  /** The first line of the row in which a quote never ends; the row is not among `rows`. */
  readonly openQuoteLine?: number;
  /** The line of the first cell with a quote that should be doubled, or that has text around its quotes. It was read as it stands. */
  readonly strayQuoteLine?: number;
}

/** Reads CSV (RFC 4180) with the line ends `\n`. */
export function readCsv(text: string, separator: CsvSeparator): CsvContent {
  const rows: CsvRow[] = [];
  let strayQuote: { readonly strayQuoteLine?: number } = {};
  let cells: string[] = [];
  let line = 1;
  let firstLine = line;
  for (let start = 0; start <= text.length; ) {
    const cell = cellAt(text, start, separator);
    if (cell === undefined) return { rows, openQuoteLine: firstLine, ...strayQuote };
    if (cell.hasStrayQuote) strayQuote = { strayQuoteLine: line, ...strayQuote };
    cells.push(cell.content);
    line += cell.content.split('\n').length - 1;
    start = cell.end + 1;
    if (text[cell.end] === separator) continue;
    if (cells.some((each) => each.trim() !== '')) rows.push({ line: firstLine, cells });
    cells = [];
    line += 1;
    firstLine = line;
  }
  return { rows, ...strayQuote };
}

/** The cell from `start` to `end`, the index of what ends it. Undefined: its quote does not end. */
function cellAt(text: string, start: number, separator: CsvSeparator) {
  const isEnd = (at: number): boolean => at >= text.length || text[at] === separator || text[at] === '\n';
  if (text[start] === '"') {
    let quote = text.indexOf('"', start + 1);
    while (quote >= 0 && text[quote + 1] === '"') quote = text.indexOf('"', quote + 2);
    if (quote < 0) return undefined;
    const content = text.slice(start + 1, quote).replaceAll('""', '"');
    if (isEnd(quote + 1)) return { content, end: quote + 1, hasStrayQuote: false };
  }
  let end = start;
  while (!isEnd(end)) end += 1;
  const content = text.slice(start, end);
  return { content, end, hasStrayQuote: content.includes('"') };
}

/** The encoding in which a spreadsheet wrote a table. UTF-16 has a byte order mark. */
export function encodingOfTable([first, second]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  return 'utf-8';
}
