import type { Clock } from './clock.js';

/** Wakes one waiter. A ring that comes before the wait ends it at once. */
export class Bell {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  #isRung = false;
  #wake: () => void = () => undefined;

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
  }

  ring(): void {
    this.#isRung = true;
    this.#wake();
  }

  /** Resolves at the next ring, after `longestMs`, or when the signal aborts. */
  async wait(longestMs: number): Promise<void> {
    if (!this.#isRung && !this.#signal.aborted) {
      await new Promise<void>((resolve) => {
        const timer = this.#clock.after(Math.max(0, longestMs), resolve);
        this.#wake = () => {
          timer.cancel();
          resolve();
        };
        this.#signal.addEventListener('abort', this.#wake);
      });
      this.#signal.removeEventListener('abort', this.#wake);
    }
    this.#isRung = false;
  }
}
