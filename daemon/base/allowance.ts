import type { Clock } from './clock.js';

export interface AllowanceOptions {
  /** As many at once. */
  readonly most: number;
  /** One more after so long, milliseconds. */
  readonly everyMs: number;
}

/** A token bucket: what strangers can make the box do is limited over time, whatever they send. */
export class Allowance {
  readonly #clock: Clock;
  readonly #options: AllowanceOptions;
  #left: number;
  #atMs: number;
  #refused = 0;

  constructor(clock: Clock, options: AllowanceOptions) {
    this.#clock = clock;
    this.#options = options;
    this.#left = options.most;
    this.#atMs = clock.monotonicMs();
  }

  /** Whether it may be done now; `amount`: what it takes of the allowance. */
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

  /** How often it was not allowed since this was last asked. */
  takeRefused(): number {
    const refused = this.#refused;
    this.#refused = 0;
    return refused;
  }
}
