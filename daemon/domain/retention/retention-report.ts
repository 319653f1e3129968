import type { RetentionKind } from './retention.js';

/** Something that could not be forgotten; tried again by the next run. */
export interface RetentionFailure {
  /** `writeAheadLog`: what was deleted may still lie in the log beside the database. */
  readonly kind: RetentionKind | 'writeAheadLog' | 'report';
  readonly code: string;
  readonly message: string;
  readonly remedy?: string;
}

/** What a run came to. No personal data. */
export interface RetentionReport {
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** Who asked for it: `retention` for the daily run. */
  readonly by: string;
  /** How many of each kind are gone; kinds of which nothing was due are absent. */
  readonly forgotten: Readonly<Partial<Record<RetentionKind, number>>>;
  /** Transactions, and the longest time one of them held the event loop. */
  readonly batches: number;
  readonly longestBatchMs: number;
  readonly failures: readonly RetentionFailure[];
}
