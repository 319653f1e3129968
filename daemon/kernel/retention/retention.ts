/**
 * The kinds of data with a retention time, by the names in configuration, reports and audit entries, in the order of a run.
 * Copies come first: on a full disk, this frees space for the rest.
 */
export const retentionKinds = [
  'databaseCopies',
  'unfinishedImports',
  'removedPersons',
  'photographs',
  'strangers',
  'ignoredStrangers',
  'attendanceEvidence',
  'unknownEvidence',
  'attackEvidence',
  'passagePictures',
  'attendanceRecords',
  'unknownRecords',
  'attackRecords',
  'replyRecords',
  'otherRecords',
  'passages',
  'auditEntries',
  'tombstones',
] as const;

export type RetentionKind = (typeof retentionKinds)[number];

/** Number of days that data is kept, or `forever`. */
export type RetentionRule = number | 'forever';
export type RetentionRules = Readonly<Record<RetentionKind, RetentionRule>>;

const dayMs = 86_400_000;

/** Data from before this time is due, wall clock in milliseconds; undefined for `forever`. */
export function dueBeforeMs(rule: RetentionRule, nowMs: number): number | undefined {
  return rule === 'forever' ? undefined : nowMs - rule * dayMs;
}

/** The result of one step. */
interface ForgottenBatch {
  /** Number of deleted items. */
  readonly count: number;
  /** Due items may be left. */
  readonly isMoreDue: boolean;
}

/** Counts and deletes due data of one kind. */
export interface Ageing {
  /** Number of items from before `beforeMs`. */
  countDue(beforeMs: number): number;
  /**
   * Begins to delete data from before `beforeMs`. Each call of the returned function deletes at most `limit` items, in one
   * transaction.
   */
  begin(beforeMs: number): (limit: number) => ForgottenBatch;
}
