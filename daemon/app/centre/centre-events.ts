import type { CommandHandlers } from '../../publish/commands/command-handlers.js';
import { failed } from '../../publish/commands/command-handlers.js';

/** What a centre may do with the events that wait for it. */
export interface OutboxControl {
  /** Sends what is still there from `from` to `to` (the newest where it is absent) again. */
  resendRange(
    from: number,
    to?: number,
  ): Promise<{ readonly count: number; readonly missing: { readonly count: number } }>;
  /** The centre has stored everything up to `sequence`; how many events are kept for it no longer. */
  acknowledgeUpTo(sequence: number): number;
}

export function centreEvents(
  outbox: OutboxControl,
): Pick<CommandHandlers, 'resend-events' | 'acknowledge-events'> {
  return {
    async 'resend-events'({ from, to }) {
      if (to !== undefined && to < from)
        return failed('bad-range', 'the last sequence lies before the first');
      const { count, missing } = await outbox.resendRange(from, to);
      return { outcome: 'done', result: { count, missing: missing.count } };
    },
    async 'acknowledge-events'({ upTo }) {
      return { outcome: 'done', result: { count: outbox.acknowledgeUpTo(upTo) } };
    },
  };
}
