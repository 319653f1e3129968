import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import { Recurring } from '../../base/recurring.js';
import type { ConditionPort } from '../../publish/condition-port.js';

export interface ClockWatchOptions {
  readonly conditions: ConditionPort;
  readonly clock: Clock;
  readonly logger: Logger;
}

export const checkClockEveryMs = 5_000;
/** Larger than corrections of a time server, which do not jump. A machine that was halted reads both clocks together. */
const toleratedMs = 2_000;

/**
 * Reports that the wall clock was set: times of events before and after cannot be compared. The condition begins and ends in
 * the same moment. Suspending a machine counts, too, if it stops the monotonic clock.
 */
export function clockWatch({ conditions, clock, logger }: ClockWatchOptions): Recurring {
  let beforeMs: number | undefined;
  const check = (): void => {
    const offsetMs = clock.wallMs() - clock.monotonicMs();
    const jumpMs = offsetMs - (beforeMs ?? offsetMs);
    // The first check ends a condition that a kill left active.
    if (beforeMs === undefined) conditions.end('clock-jumped');
    if (Math.abs(jumpMs) > toleratedMs) {
      const details = { byS: Math.round(jumpMs / 1000) };
      conditions.begin('clock-jumped', details);
      conditions.end('clock-jumped', details);
    }
    // Slow corrections must not add up to a jump.
    beforeMs = offsetMs;
  };
  return new Recurring({
    clock,
    everyMs: checkClockEveryMs,
    work: check,
    onFailure: (error) => logger.error('the clock cannot be watched', { error }),
  });
}
