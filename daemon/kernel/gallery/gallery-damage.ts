/** The tables whose damaged rows are kept but not used. */
export const quarantinedTables = ['person', 'template', 'photograph', 'evidence', 'stranger'] as const;
export type QuarantinedTable = (typeof quarantinedTables)[number];

/**
 * Why a row is damaged. `of-nobody`: its person does not exist; `rolled-back`: genuine, but older than the audit log requires;
 * `erased`: its person was erased; `page-damaged`: SQLite cannot read the row.
 */
export const quarantineReasons = [
  'does-not-open',
  'key-does-not-open',
  'not-a-template',
  'of-nobody',
  'rolled-back',
  'erased',
  'page-damaged',
] as const;
export type QuarantineReason = (typeof quarantineReasons)[number];

/** The tables that a verification checks. */
export const verifyTables = ['key_slot', 'data_key', ...quarantinedTables] as const;
export type VerifyTable = (typeof verifyTables)[number];

/**
 * What a verification finds.
 * - `of-nothing`: a data key that is not used.
 * - `not-in-audit`: the audit log has no entry about the person.
 * - `missing`: according to the audit log there is a person, or a template, that the file does not have.
 */
export const verifyReasons = [...quarantineReasons, 'of-nothing', 'not-in-audit', 'missing'] as const;
export type VerifyReason = (typeof verifyReasons)[number];

/** The steps of a verification: open the rows, check the audit log, check the pages of the file. */
export const verifySteps = ['rows', 'audit-log', 'pages'] as const;
export type VerifyStep = (typeof verifySteps)[number];
