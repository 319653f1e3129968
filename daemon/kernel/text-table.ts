import { shownText } from './printable-text.js';

/** A cell is one line: what others wrote elsewhere must not look like a row. */
const cellText = (text: string): string => text.replaceAll(/[\n\r\t]/g, (found) => shownText(found));

/** A table with left-aligned columns. */
export function table(heading: readonly string[], cells: readonly (readonly string[])[]): string {
  const rows = cells.map((row) => row.map(cellText));
  const widths = heading.map((cell, column) =>
    Math.max(cell.length, ...rows.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(heading), ...rows.map(line)].join('\n');
}
