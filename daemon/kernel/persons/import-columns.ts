/** Columns of a table of persons, in the order of an export. Only `name` is required. */
export const importColumns = [
  'name',
  'external_id',
  'notes',
  'consent_basis',
  'consent_date',
  'consent_reference',
  'groups',
  'valid_from',
  'valid_until',
  'watch',
  'watch_reason',
  'photographs',
] as const;

export type ImportColumn = (typeof importColumns)[number];

/** Separates the paths in the column `photographs`, and the names in `groups`. */
export const listSeparator = ';';
