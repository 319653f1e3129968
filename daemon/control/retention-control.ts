import type { Actor } from '../audit/actor.js';
import type { RetentionKind, RetentionRule } from '../domain/retention/retention.js';
import type { RetentionReport } from '../domain/retention/retention-report.js';

/** A rule and what it would take now. */
export interface ShownRetentionRule {
  readonly kind: RetentionKind;
  /** Days, or `forever`. */
  readonly keep: RetentionRule;
  /** How many things are due. */
  readonly due: number;
}

/** A report with its time as ISO 8601 in UTC. */
export interface ShownRetentionReport extends Omit<RetentionReport, 'startedAtMs'> {
  readonly startedAt: string;
}

export interface RetentionStatus {
  readonly rules: readonly ShownRetentionRule[];
  /** Hour of the day at the site from which the daily run may begin. */
  readonly atHour: number;
  readonly isRunning: boolean;
  /** Why the daily run does not delete anything until somebody confirms that the clock is right. */
  readonly clockDoubt?: { readonly code: string; readonly message: string; readonly remedy: string };
  /** Absent before the first run. */
  readonly lastRun?: ShownRetentionReport;
}

/** What the status of the box says of retention: nothing is counted for it. */
export interface RetentionSummary {
  /** ISO 8601 in UTC. Absent before the first run. */
  readonly lastRunAt?: string;
  /** Of the last run. */
  readonly failures: number;
  readonly clockDoubt?: NonNullable<RetentionStatus['clockDoubt']>;
}

/** What the local API can ask of retention. */
export interface RetentionControl {
  readonly summary: RetentionSummary;
  /** Counts what is due: takes longer the more that is. */
  show(): RetentionStatus;
  /**
   * Forgets what is due, now. `isClockConfirmed`: whoever asks says that the clock of the box is right.
   * @throws `retention-running`, `clock-doubtful`
   */
  run(options: { readonly isClockConfirmed: boolean }, by: Actor): Promise<ShownRetentionReport>;
}
