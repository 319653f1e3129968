import type { Clock } from '../base/clock.js';

/**
 * The machine's clock. `process.hrtime` reads CLOCK_MONOTONIC, which all processes of one boot share: times
 * measured in a vision process can be compared in the core.
 */
export const systemClock: Clock = {
  monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
  wallMs: () => Date.now(),
  after(delayMs, callback) {
    const handle = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};
