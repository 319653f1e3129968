import type { Clock } from '../../base/clock.js';
import type { Logger } from '../../base/logger.js';
import { Recurring } from '../../base/recurring.js';
import type { ConditionPort } from '../../publish/condition-port.js';

export interface ClockWatchOptions {
  readonly conditions: ConditionPort;
  readonly clock: Clock;
  readonly logger: Logger;
}

export const lookAtClockEveryMs = 5_000;
/** Time servers correct less than this without a jump, and a machine that was held up reads both clocks together. */
const toleratedMs = 2_000;

/**
 * Says when the wall clock was set: times of events before and after it cannot be compared. That is an event and not a state,
 * so it begins and ends in the same moment. Suspending a machine counts as well where its monotonic clock stands still then.
 */
export function clockWatch({ conditions, clock, logger }: ClockWatchOptions): Recurring {
  let beforeMs: number | undefined;
  const look = (): void => {
    const offsetMs = clock.wallMs() - clock.monotonicMs();
    const jumpMs = offsetMs - (beforeMs ?? offsetMs);
    // The first look ends what a kill left between the two.
    if (beforeMs === undefined) conditions.end('clock-jumped');
    if (Math.abs(jumpMs) > toleratedMs) {
      const details = { byS: Math.round(jumpMs / 1000) };
      conditions.begin('clock-jumped', details);
      conditions.end('clock-jumped', details);
    }
    // Of slow corrections, nothing adds up to a jump.
    beforeMs = offsetMs;
  };
  return new Recurring({
    clock,
    everyMs: lookAtClockEveryMs,
    work: look,
    onFailure: (error) => logger.error('the clock cannot be watched', { error }),
  });
}
