/** Columns of a table of persons, in the order in which they are written. Only `name` must be there. */
export const importColumns = [
  'name',
  'external_id',
  'notes',
  'consent_basis',
  'consent_date',
  'consent_reference',
  'photographs',
] as const;

export type ImportColumn = (typeof importColumns)[number];

/** What separates the paths in the column `photographs`. */
export const pathSeparator = ';';

/**
 * A cell that a spreadsheet would take for a formula is written with an apostrophe before it, and read without: a name
 * must not run anything where the table is opened ("CSV injection", OWASP). Names such as `'t Hooft` stay as they are.
 */
export function protectCell(text: string): string {
  return /^'*[=+\-@\t\r]/.test(text) ? `'${text}` : text;
}

/** The inverse of `protectCell`. */
export function unprotectCell(text: string): string {
  return /^'+[=+\-@\t\r]/.test(text) ? text.slice(1) : text;
}
