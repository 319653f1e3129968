import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Actor } from '../../kernel/actor.js';
import type { Clock } from '../../kernel/clock.js';
import { isRollcallError, messageOf } from '../../kernel/errors.js';
import type { Logger } from '../../kernel/logger.js';
import { present } from '../../kernel/present.js';
import {
  type Ageing,
  dueBeforeMs,
  type RetentionFailure,
  type RetentionKind,
  type RetentionReport,
  type RetentionRules,
  retentionKinds,
} from '../../kernel/retention/retention-rules.js';

/** The intended time of a batch. A faster batch makes the next one larger, a slower one smaller. */
const aimedBatchMs = 4;
const firstBatch = 2;
export const largestBatch = 256;

export type AgeingKinds = Readonly<Record<RetentionKind, Ageing>>;

export interface RetentionRunOptions {
  readonly kinds: AgeingKinds;
  readonly rules: RetentionRules;
  readonly by: Actor;
  /** Removes deleted data from the write-ahead logs. False if another program prevents it. */
  readonly emptyLogs: () => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the run after the present batch. */
  readonly signal: AbortSignal;
}

/** The size of the next batch after one of size `limit` took `tookMs`. */
export function nextBatch(limit: number, tookMs: number): number {
  if (tookMs > aimedBatchMs) return Math.max(1, Math.floor(limit / 2));
  return tookMs < aimedBatchMs / 2 ? Math.min(largestBatch, limit * 2) : limit;
}

/**
 * Deletes what is due, kind by kind, with a turn of the event loop after each batch. A failure of one kind is reported and does
 * not stop the others. @throws the signal's reason when it aborts
 */
export async function runRetention(options: RetentionRunOptions): Promise<RetentionReport> {
  const { kinds, rules, by, clock, signal } = options;
  const startedAtMs = clock.wallMs();
  const startMs = clock.monotonicMs();
  const pace = new Pace(clock);
  const forgotten: Partial<Record<RetentionKind, number>> = {};
  const failures: RetentionFailure[] = [];
  for (const kind of retentionKinds) {
    const beforeMs = dueBeforeMs(rules[kind], startedAtMs);
    if (beforeMs === undefined) continue;
    try {
      await forgetKind(kinds[kind], beforeMs, {
        pace,
        signal,
        onForgotten: (count) => add(forgotten, kind, count),
      });
    } catch (error) {
      if (signal.aborted) throw error;
      failures.push(failureOf(kind, error, options.logger));
    }
  }
  failures.push(...emptied(options));
  const durationMs = Math.round(clock.monotonicMs() - startMs);
  const { batches, longestBatchMs } = pace;
  return { startedAtMs, durationMs, by: by.actor, forgotten, batches, longestBatchMs, failures };
}

async function forgetKind(
  ageing: Ageing,
  beforeMs: number,
  {
    pace,
    signal,
    onForgotten,
  }: { readonly pace: Pace; readonly signal: AbortSignal; readonly onForgotten: (count: number) => void },
): Promise<void> {
  const step = ageing.begin(beforeMs);
  let limit = firstBatch;
  for (;;) {
    signal.throwIfAborted();
    const { result, tookMs } = pace.time(() => step(limit));
    onForgotten(result.count);
    await nextTurn();
    if (!result.isMoreDue) return;
    limit = nextBatch(limit, tookMs);
  }
}

/** Counts batches and times them. */
class Pace {
  batches = 0;
  longestBatchMs = 0;
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  time<T>(work: () => T): { readonly result: T; readonly tookMs: number } {
    const startMs = this.#clock.monotonicMs();
    const result = work();
    const tookMs = this.#clock.monotonicMs() - startMs;
    this.batches += 1;
    this.longestBatchMs = Math.max(this.longestBatchMs, Math.round(tookMs * 10) / 10);
    return { result, tookMs };
  }
}

function add(forgotten: Partial<Record<RetentionKind, number>>, kind: RetentionKind, count: number): void {
  if (count > 0) forgotten[kind] = (forgotten[kind] ?? 0) + count;
}

function emptied({ emptyLogs, logger }: RetentionRunOptions): readonly RetentionFailure[] {
  const kind = 'writeAheadLog';
  try {
    if (emptyLogs()) return [];
  } catch (error) {
    return [failureOf(kind, error, logger)];
  }
  const message =
    'deleted data may remain in the write-ahead log, because another program reads the database';
  return [{ kind, code: 'log-in-use', message, remedy: 'Close every other program that reads the file.' }];
}

/** Describes a failure for the report. Logs defects with their stack. */
export function failureOf(kind: RetentionFailure['kind'], error: unknown, logger: Logger): RetentionFailure {
  if (!isRollcallError(error) || error.kind === 'defect') {
    logger.error('retention met a defect', { kind, error });
    return { kind, code: 'internal', message: messageOf(error) };
  }
  const { code, message, remedy } = error;
  return { kind, code, message, ...present({ remedy }) };
}
