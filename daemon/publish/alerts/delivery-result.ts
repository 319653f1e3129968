import type { Random } from '../../base/random.js';
import { jitteredWaitMs } from '../../base/retry.js';
import type { DeliveryResult, DueDelivery } from '../../records/alerts/alert-deliveries.js';
import type { SendOutcome } from './channel.js';

/** Waits between tries: uniform in [0, 5 s × 2ⁿ], 15 minutes at most. */
export const retryPolicy = { baseMs: 5_000, capMs: 15 * 60_000 } as const;
/** An alert that could not be delivered for so long tells nothing new. */
export const giveUpAfterMs = 24 * 3_600_000;

/** What a try means for its delivery. */
export function nextResult(
  { attempts, message }: Pick<DueDelivery, 'attempts' | 'message'>,
  sent: SendOutcome,
  { nowMs, random }: { readonly nowMs: number; readonly random: Random },
): DeliveryResult {
  if (sent.outcome === 'delivered') return { state: 'delivered', atMs: nowMs, note: sent.note };
  const { code, message: reason, remedy } = sent.error;
  const failure = { code, reason: remedy === undefined ? reason : `${reason}. ${remedy}` };
  if (sent.isFinal) return { state: 'failed', atMs: nowMs, failure };
  if (Math.abs(nowMs - message.atMs) >= giveUpAfterMs) {
    return {
      state: 'failed',
      atMs: nowMs,
      failure: { ...failure, reason: `given up after 24 hours: ${failure.reason}` },
    };
  }
  const nextAtMs = nowMs + jitteredWaitMs(retryPolicy, attempts, random);
  return { state: 'pending', atMs: nowMs, nextAtMs, failure };
}
