import type { Clock } from '../kernel/clock.js';

/**
 * The machine's clock. `process.hrtime` reads CLOCK_MONOTONIC, which all processes share until a reboot: the core can compare
 * times of a vision process with its own.
 */
export const systemClock: Clock = {
  monotonicMs: () => Number(process.hrtime.bigint()) / 1e6,
  wallMs: () => Date.now(),
  after(delayMs, callback) {
    const handle = setTimeout(callback, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
};
