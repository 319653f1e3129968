import type { Clock } from './clock.js';
import type { Random } from './random.js';

/** The wait after a number of earlier consecutive failures, milliseconds; see `RetrySchedule`. */
export function jitteredWaitMs(
  { baseMs, capMs }: Pick<RetryPolicy, 'baseMs' | 'capMs'>,
  failures: number,
  random: Random,
): number {
  return random.unit() * Math.min(capMs, baseMs * 2 ** failures);
}

export interface RetryPolicy {
  /** Upper bound of the first wait, milliseconds. */
  readonly baseMs: number;
  /** Upper bound of any wait, milliseconds. */
  readonly capMs: number;
  /** Progress must last this long before the schedule starts over, milliseconds. */
  readonly sustainedMs: number;
}

/**
 * Full-jitter exponential backoff (Brooker, "Exponential Backoff and Jitter", 2015): each wait is uniform in
 * [0, min(cap, base * 2^n)]. It starts over only after sustained progress, so that a connection that fails immediately
 * is not retried in a hot loop.
 */
export class RetrySchedule {
  readonly #policy: RetryPolicy;
  readonly #clock: Clock;
  readonly #random: Random;
  #failures = 0;
  #progressSinceMs: number | undefined;

  constructor(policy: RetryPolicy, clock: Clock, random: Random) {
    this.#policy = policy;
    this.#clock = clock;
    this.#random = random;
  }

  /** Consecutive failures since progress was last sustained. */
  get failures(): number {
    return this.#failures;
  }

  /** Call on every measured progress. */
  progressed(): void {
    const nowMs = this.#clock.monotonicMs();
    this.#progressSinceMs ??= nowMs;
    if (nowMs - this.#progressSinceMs >= this.#policy.sustainedMs) this.#failures = 0;
  }

  /** Records a failure and returns how long to wait before the next try, milliseconds. */
  failed(): number {
    this.#progressSinceMs = undefined;
    const waitMs = jitteredWaitMs(this.#policy, this.#failures, this.#random);
    this.#failures += 1;
    return waitMs;
  }
}
