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

/** The first line of a row, from its last one: line feeds inside cells give the distance. */
export const firstLineOfRow = (cells: readonly string[], lastLine: number): number =>
  lastLine - cells.reduce((sum, cell) => sum + cell.split('\n').length - 1, 0);
