import type { Clock } from '../kernel/clock.js';

/** The load is measured over this time, milliseconds. */
const measuredMs = 1000;
/** Above this share of the time, none is spare: frames come in bursts. */
const fullShare = 0.75;
/** Down to this share, there is time again for all that was left out: 25 or 30 frames a second take up to twice as long as 15. */
const enoughShare = 0.4;
/** How long none is spare at least, milliseconds: a rate that changes all the time says little about eyes. */
const easeMs = 5000;

/** Whether analysis leaves time for more of it. */
export class SpareTime {
  readonly #clock: Clock;
  #measuredFromMs: number;
  #tookMs = 0;
  #isLeft = true;
  #easeUntilMs = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#measuredFromMs = clock.monotonicMs();
  }

  /** False after nearly all the time was taken, until much of it was free again. */
  get isLeft(): boolean {
    return this.#isLeft;
  }

  /** For a few seconds after nearly all the time was taken, true. */
  get isFull(): boolean {
    return this.#clock.monotonicMs() < this.#easeUntilMs;
  }

  /** `ms` of the time until now were taken. Called often. */
  took(ms: number): void {
    const nowMs = this.#clock.monotonicMs();
    this.#tookMs += ms;
    const elapsedMs = nowMs - this.#measuredFromMs;
    if (elapsedMs < measuredMs) return;
    const share = this.#tookMs / elapsedMs;
    if (share > fullShare) {
      this.#easeUntilMs = nowMs + easeMs;
      this.#isLeft = false;
    } else if (share <= enoughShare && !this.isFull) this.#isLeft = true;
    this.#measuredFromMs = nowMs;
    this.#tookMs = 0;
  }
}
