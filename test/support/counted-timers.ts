import type { Clock, Timer } from '../../daemon/kernel/clock.js';
import { VirtualClock } from '../../daemon/kernel/virtual-clock.js';

/** A virtual clock that knows how many timers are set, and how many ever were. */
export class CountedTimers extends VirtualClock implements Clock {
  timers = 0;
  everSet = 0;

  override after(delayMs: number, callback: () => void): Timer {
    let isSet = true;
    const end = (): void => {
      if (isSet) this.timers -= 1;
      isSet = false;
    };
    this.timers += 1;
    this.everSet += 1;
    const timer = super.after(delayMs, () => {
      end();
      callback();
    });
    return {
      cancel: () => {
        end();
        timer.cancel();
      },
    };
  }
}
