import type { RetryPolicy } from '../base/retry.js';

export interface PublisherTimings {
  /** From the first packet to the broker's answer. */
  readonly connectTimeoutMs: number;
  /** Silence while messages wait for acknowledgement, after which the connection is replaced. */
  readonly ackTimeoutMs: number;
  /** Silence on an idle connection after which the broker is asked for a sign of life, seconds. */
  readonly keepaliveS: number;
  readonly retry: RetryPolicy;
  /** How long a kind of event that the broker refused is held back. */
  readonly heldRetryMs: number;
  /** A connection that has lived so long counts as undisturbed. */
  readonly steadyAfterMs: number;
  /** At the end: how long to wait for what is on its way, and for the goodbye. */
  readonly farewellMs: number;
}

export const defaultTimings: PublisherTimings = {
  connectTimeoutMs: 10_000,
  ackTimeoutMs: 10_000,
  keepaliveS: 15,
  retry: { baseMs: 500, capMs: 15_000, sustainedMs: 30_000 },
  heldRetryMs: 60_000,
  steadyAfterMs: 60_000,
  farewellMs: 2000,
};
