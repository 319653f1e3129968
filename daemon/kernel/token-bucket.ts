import type { Clock } from './clock.js';

export interface TokenBucketOptions {
  /** The largest burst. */
  readonly most: number;
  /** Time after which one more is allowed, milliseconds. */
  readonly everyMs: number;
}

/** Limits the work that untrusted senders can cause. */
export class TokenBucket {
  readonly #clock: Clock;
  readonly #options: TokenBucketOptions;
  #left: number;
  #atMs: number;
  #refused = 0;

  constructor(clock: Clock, options: TokenBucketOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#left = options.most;
    this.#atMs = clock.monotonicMs();
  }

  /** Takes `amount` from the bucket; false if too little is left. */
  take(amount = 1): boolean {
    const { most, everyMs } = this.#options;
    const nowMs = this.#clock.monotonicMs();
    this.#left = Math.min(most, this.#left + (nowMs - this.#atMs) / everyMs);
    this.#atMs = nowMs;
    if (this.#left < amount) {
      this.#refused += 1;
      return false;
    }
    this.#left -= amount;
    return true;
  }

  /** The number of refusals since the last call. */
  takeRefused(): number {
    const refused = this.#refused;
    this.#refused = 0;
    return refused;
  }
}
