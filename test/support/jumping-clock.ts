import type { Clock } from '../../daemon/kernel/clock.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

/** A clock of the test whose wall time can be set, as people and time servers set it. */
export class JumpingClock extends VirtualClock implements Clock {
  #jumpedMs = 0;

  override wallMs(): number {
    return super.wallMs() + this.#jumpedMs;
  }

  /** Sets the wall clock forward (or back) by `byMs`; the monotonic clock and timers do not change. */
  jump(byMs: number): void {
    this.#jumpedMs += byMs;
  }
}
