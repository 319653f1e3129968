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
  'clips',
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

/** Data that could not be deleted; the next run tries again. */
export interface RetentionFailure {
  /** `writeAheadLog`: deleted data may still be in the log beside the database. */
  readonly kind: RetentionKind | 'writeAheadLog' | 'report';
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
}

/** The result of a run, without personal data. */
export interface RetentionReport {
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** The initiator: `retention` for the daily run. */
  readonly by: string;
  /** Number of deleted items of each kind; absent for a kind without due items. */
  readonly forgotten: Readonly<Partial<Record<RetentionKind, number>>>;
  /** Number of transactions, and the longest time that one blocked the event loop. */
  readonly batches: number;
  readonly longestBatchMs: number;
  readonly failures: readonly RetentionFailure[];
}

/** If a box was off longer than this, a person must confirm the time. */
export const longestAbsenceDays = 31;
/** Small steps back, by people and by time servers, are normal. */
const toleratedBackMs = dayMs;

/** The reason why nothing may be deleted by this clock. */
export interface ClockDoubt {
  readonly code: 'clock-behind' | 'clock-ahead';
  /** The deviation, rounded to days. */
  readonly days: number;
}

/**
 * Whether the wall clock can be trusted to decide the age of data. A clock that is ahead would delete everything, which cannot
 * be undone; a clock that is behind its own past was or is wrong.
 *
 * @param seenMs - the last time at which the clock was trusted
 * @param upMs - how long this process has run since then, or since its start if that was later; monotonic
 * @param newestRecordMs - the time of the newest record
 */
export function doubtOf(times: {
  readonly nowMs: number;
  readonly seenMs: number;
  readonly upMs: number;
  readonly newestRecordMs: number | undefined;
}): ClockDoubt | undefined {
  const { nowMs, seenMs, upMs, newestRecordMs = seenMs } = times;
  const backMs = Math.max(seenMs, newestRecordMs) - nowMs;
  if (backMs > toleratedBackMs) return { code: 'clock-behind', days: Math.round(backMs / dayMs) };
  const unaccountedMs = nowMs - seenMs - upMs;
  if (unaccountedMs > longestAbsenceDays * dayMs) {
    return { code: 'clock-ahead', days: Math.round(unaccountedMs / dayMs) };
  }
  return undefined;
}
