import { systemClock } from '../../daemon/host/system-clock.js';
import type { Clock, Timer } from '../../daemon/kernel/clock.js';

/** The machine's clock, on which a test lets time pass at once or sets the wall clock. Timers run as always. */
export class ShiftedClock implements Clock {
  #passedMs = 0;
  #jumpedMs = 0;

  monotonicMs(): number {
    return systemClock.monotonicMs() + this.#passedMs;
  }

  wallMs(): number {
    return systemClock.wallMs() + this.#passedMs + this.#jumpedMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    return systemClock.after(delayMs, callback);
  }

  /** `durationMs` go by at once. */
  pass(durationMs: number): void {
    this.#passedMs += durationMs;
  }

  /** The wall clock is set; no time passes. */
  jump(byMs: number): void {
    this.#jumpedMs += byMs;
  }
}
