import { shownText } from './printable-text.js';

/** A cell is one line: what others wrote elsewhere must not look like a row. */
const cellText = (text: string): string => text.replaceAll(/[\n\r\t]/g, (found) => shownText(found));

/** Names and values in two columns, a line for each pair. Further lines of a value stand below its first. */
export function namedLines(pairs: readonly (readonly [name: string, value: string])[], indent = ''): string {
  const width = Math.max(...pairs.map(([name]) => name.length));
  const below = `\n${indent}${' '.repeat(width + 2)}`;
  return pairs
    .map(([name, value]) => `${indent}${name.padEnd(width)}  ${value.replaceAll('\n', below)}`)
    .join('\n');
}

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
