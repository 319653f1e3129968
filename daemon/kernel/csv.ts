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

/** Collects the rows that the parser of csv-parse finds with `options` in a text with the line ends `\n`. Leaves out empty rows. */
export class CsvRows {
  readonly found: CsvRow[] = [];
  /** The line after the last row, for the message about a row that cannot be read. */
  nextLine = 1;
  readonly options;

  constructor(delimiter: CsvSeparator) {
    this.options = {
      delimiter,
      record_delimiter: '\n',
      relax_column_count: true,
      skip_empty_lines: true,
      skip_records_with_empty_values: true,
      on_record: (cells: readonly string[], { lines }: { readonly lines: number }): null => {
        // `lines` is the last line of the row. Line feeds inside cells tell how many lines it has.
        const more = cells.reduce((sum, cell) => sum + cell.split('\n').length - 1, 0);
        this.found.push({ line: lines - more, cells });
        this.nextLine = lines + 1;
        return null;
      },
    };
  }
}

/** The encoding in which a spreadsheet wrote a table. UTF-16 has a byte order mark. */
export function encodingOfTable([first, second]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (first === 0xff && second === 0xfe) return 'utf-16le';
  if (first === 0xfe && second === 0xff) return 'utf-16be';
  return 'utf-8';
}
