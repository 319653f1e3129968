import type { Clock, Timer } from '../base/clock.js';
import type { ConditionPort } from '../publish/condition-port.js';

export interface ClockWatchOptions {
  readonly conditions: ConditionPort;
  readonly clock: Clock;
}

export const lookAtClockEveryMs = 5_000;
/** Time servers correct less than this without a jump, and a machine that was held up reads both clocks together. */
const toleratedMs = 2_000;

/**
 * Says when the wall clock was set: times of events before and after it cannot be compared. That is an event and not a state,
 * so it begins and ends in the same moment. Suspending a machine counts as well where its monotonic clock stands still then.
 */
export class ClockWatch implements Disposable {
  readonly #options: ClockWatchOptions;
  #offsetMs: number;
  #timer: Timer;

  constructor(options: ClockWatchOptions) {
    this.#options = options;
    this.#offsetMs = this.#offset();
    // Ends what a kill left between the two.
    options.conditions.end('clock-jumped');
    this.#timer = this.#next();
  }

  [Symbol.dispose](): void {
    this.#timer.cancel();
  }

  #look(): void {
    const { conditions } = this.#options;
    const offsetMs = this.#offset();
    const jumpMs = offsetMs - this.#offsetMs;
    if (Math.abs(jumpMs) > toleratedMs) {
      const details = { byS: Math.round(jumpMs / 1000) };
      conditions.begin('clock-jumped', details);
      conditions.end('clock-jumped', details);
    }
    // Of slow corrections, nothing adds up to a jump.
    this.#offsetMs = offsetMs;
    this.#timer = this.#next();
  }

  #next(): Timer {
    return this.#options.clock.after(lookAtClockEveryMs, () => this.#look());
  }

  #offset(): number {
    const { clock } = this.#options;
    return clock.wallMs() - clock.monotonicMs();
  }
}
