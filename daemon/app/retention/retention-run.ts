import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Actor } from '../../audit/actor.js';
import type { Clock } from '../../base/clock.js';
import { isRollcallError, messageOf } from '../../base/errors.js';
import type { Logger } from '../../base/logger.js';
import {
  type Ageing,
  dueBeforeMs,
  type RetentionKind,
  type RetentionRules,
  retentionKinds,
} from '../../domain/retention/retention.js';
import type { RetentionFailure, RetentionReport } from '../../domain/retention/retention-report.js';

/** A batch may take so long: shorter ones are followed by larger ones, longer ones by smaller. */
const aimedBatchMs = 4;
const firstBatch = 2;
export const largestBatch = 256;

export type AgeingKinds = Readonly<Record<RetentionKind, Ageing>>;

export interface RetentionRunOptions {
  readonly kinds: AgeingKinds;
  readonly rules: RetentionRules;
  readonly by: Actor;
  /** Takes what was deleted out of the write-ahead logs; false where another program keeps one from being emptied. */
  readonly emptyLogs: () => boolean;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Ends the run after the batch that is being worked on. */
  readonly signal: AbortSignal;
}

/** The next number of things in a batch, after one of `limit` took `tookMs`. */
export function nextBatch(limit: number, tookMs: number): number {
  if (tookMs > aimedBatchMs) return Math.max(1, Math.floor(limit / 2));
  return tookMs < aimedBatchMs / 2 ? Math.min(largestBatch, limit * 2) : limit;
}

/**
 * Forgets whatever is due, kind by kind, with a turn of the event loop after each batch. What fails is in the report and does
 * not keep the other kinds from being forgotten. @throws the signal's reason when it aborts
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
  const message = 'what was deleted may still lie in the write-ahead log: another program reads the database';
  return [{ kind, code: 'log-in-use', message, remedy: 'Close every other program that reads the file.' }];
}

/** What went wrong, for the report; what should never happen is logged with its stack. */
export function failureOf(kind: RetentionFailure['kind'], error: unknown, logger: Logger): RetentionFailure {
  if (!isRollcallError(error) || error.kind === 'defect') {
    logger.error('retention met a defect', { kind, error });
    return { kind, code: 'internal', message: messageOf(error) };
  }
  const { code, message, remedy } = error;
  return { kind, code, message, ...(remedy === undefined ? {} : { remedy }) };
}
