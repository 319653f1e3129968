import { protectCell } from './import/import-columns.js';

/** Cells as one line of RFC 4180, without its end; none of them runs as a formula where the table is opened. */
export function csvLine(cells: readonly string[]): string {
  return cells.map((cell) => quoted(protectCell(cell))).join(',');
}

function quoted(text: string): string {
  return /[",;\t\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
