import type { RetentionKind } from './retention.js';

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
