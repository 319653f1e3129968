/**
 * What ages on a box, by the names that configuration, reports and audit entries use; in the order in which a run forgets
 * them. Copies come first: on a full disk that makes room for the rest.
 */
export const retentionKinds = [
  'databaseCopies',
  'unfinishedImports',
  'removedPersons',
  'photographs',
  'attendanceEvidence',
  'unknownEvidence',
  'attackEvidence',
  'attendanceRecords',
  'unknownRecords',
  'attackRecords',
  'replyRecords',
  'otherRecords',
  'auditEntries',
  'tombstones',
] as const;

export type RetentionKind = (typeof retentionKinds)[number];

/** How many days something of a kind is kept, or `forever`. */
export type RetentionRule = number | 'forever';
export type RetentionRules = Readonly<Record<RetentionKind, RetentionRule>>;

const dayMs = 86_400_000;

/** From before when something is due, wall clock in milliseconds; undefined where it is kept for ever. */
export function dueBeforeMs(rule: RetentionRule, nowMs: number): number | undefined {
  return rule === 'forever' ? undefined : nowMs - rule * dayMs;
}

/** What one small step came to. */
export interface ForgottenBatch {
  /** Things that are gone for good. */
  readonly count: number;
  /** Something due may be left. */
  readonly isMoreDue: boolean;
}

/** Things of one kind, with what is needed to forget those that are due. */
export interface Ageing {
  /** How many are from before `beforeMs`. */
  countDue(beforeMs: number): number;
  /**
   * Begins to forget what is from before `beforeMs`. Each call of what it returns forgets `limit` things at most, in one
   * transaction, and leaves the rest for the next.
   */
  begin(beforeMs: number): (limit: number) => ForgottenBatch;
}
