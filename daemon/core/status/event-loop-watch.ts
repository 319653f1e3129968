import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock, Timer } from '../../kernel/clock.js';

/** Interval of the timer whose delay is measured, milliseconds. */
const samplingMs = 10;
/** After this time a new histogram starts. The one before it is kept, so that a report covers one to two windows. */
const windowMs = 30_000;
const nanosecondsInMs = 1e6;

/** Delay of timers, milliseconds. */
export interface EventLoopDelay {
  readonly p99Ms: number;
  readonly maximumMs: number;
}

/** Measures how late the event loop runs its timers, over the last 30 to 60 seconds. */
export class EventLoopWatch implements AsyncDisposable {
  readonly #clock: Clock;
  #older: IntervalHistogram | undefined;
  #newer: IntervalHistogram = startHistogram();
  #windowEnd: Timer;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#windowEnd = clock.after(windowMs, () => this.#startWindow());
  }

  get delay(): EventLoopDelay {
    const histograms = this.#older === undefined ? [this.#newer] : [this.#older, this.#newer];
    return {
      p99Ms: Math.max(...histograms.map((histogram) => latenessMs(histogram.percentile(99)))),
      maximumMs: Math.max(...histograms.map((histogram) => latenessMs(histogram.max))),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#windowEnd.cancel();
    this.#older?.disable();
    this.#newer.disable();
  }

  #startWindow(): void {
    this.#newer.disable();
    this.#older = this.#newer;
    this.#newer = startHistogram();
    this.#windowEnd = this.#clock.after(windowMs, () => this.#startWindow());
  }
}

function startHistogram(): IntervalHistogram {
  const histogram = monitorEventLoopDelay({ resolution: samplingMs });
  histogram.enable();
  return histogram;
}

/** Node.js records the time from one run of its timer to the next. The sampling interval is a part of that. */
function latenessMs(intervalNs: number): number {
  return Math.max(0, intervalNs / nanosecondsInMs - samplingMs);
}
