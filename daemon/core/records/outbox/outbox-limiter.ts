import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../../kernel/clock.js';
import type { BoxEvent } from '../../../kernel/events/event.js';
import type { OutboxRules } from '../../../kernel/events/outbox-limits.js';
import type { Logger } from '../../../kernel/logger.js';
import { Recurring } from '../../../kernel/recurring.js';
import type { Records } from '../records.js';

/** How often the size of the outbox is checked, milliseconds. */
const checkEveryMs = 5 * 60_000;
/** The largest number of events given up in one transaction, which takes some milliseconds. */
const batch = 1000;

export interface OutboxLimiterOptions {
  readonly records: Pick<Records, 'surplus'> & {
    /** As `Records.record`. */
    record(event: BoxEvent, alongside: () => void): unknown;
  };
  /** The limits in force. */
  readonly rules: () => OutboxRules;
  /** False while the clock is not trusted: then no event is given up for its age. */
  readonly isClockTrusted: () => boolean;
  /** Sequences on their way to the broker. */
  readonly inFlight: () => readonly number[];
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Keeps the outbox within its limits. An event in the same transaction reports what was given up. */
export function outboxLimiter(options: OutboxLimiterOptions): Recurring {
  const { clock, logger } = options;
  return new Recurring({
    clock,
    everyMs: checkEveryMs,
    async work(signal) {
      const count = await limitOutbox(options, signal);
      if (count === 0) return;
      logger.error('the outbox exceeded its limits; events were given up, and an event reports them', {
        count,
        remedy: 'Check why events are not delivered (rollcall outbox status), or raise the limits (outbox).',
      });
    },
    onFailure: (error) => logger.error('the outbox cannot be kept within its limits', { error }),
  });
}

/** Gives up the events beyond the limits and returns their number. Throws what the records throw. */
export async function limitOutbox(options: OutboxLimiterOptions, signal?: AbortSignal): Promise<number> {
  const { records, rules, isClockTrusted, inFlight, clock } = options;
  let count = 0;
  while (signal?.aborted !== true) {
    const surplus = records.surplus.find({
      rules: rules(),
      nowMs: clock.wallMs(),
      mayAge: isClockTrusted(),
      inFlight: inFlight(),
      limit: batch,
    });
    if (surplus === undefined) break;
    records.record(surplus.gap, () => records.surplus.giveUp(surplus.sequences));
    count += surplus.sequences.length;
    await nextTurn();
  }
  return count;
}
