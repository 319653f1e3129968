import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import type { Clock, Timer } from '../base/clock.js';

/** How often a timer is set to see how late it comes, milliseconds. */
const samplingMs = 10;
/** A histogram is begun this often; two are kept, so that what is told covers one to two of these. */
const windowMs = 30_000;
const nanosecondsInMs = 1e6;

/** How late timers ran, milliseconds. */
export interface EventLoopDelay {
  readonly p99Ms: number;
  readonly maximumMs: number;
}

/** Watches how late the event loop runs its timers, over the last 30 to 60 seconds: what was at start is forgotten. */
export class EventLoopWatch implements AsyncDisposable {
  readonly #clock: Clock;
  #older: IntervalHistogram | undefined;
  #newer: IntervalHistogram = begin();
  #turn: Timer;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#turn = clock.after(windowMs, () => this.#rotate());
  }

  get delay(): EventLoopDelay {
    const histograms = this.#older === undefined ? [this.#newer] : [this.#older, this.#newer];
    return {
      p99Ms: Math.max(...histograms.map((histogram) => latenessMs(histogram.percentile(99)))),
      maximumMs: Math.max(...histograms.map((histogram) => latenessMs(histogram.max))),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#turn.cancel();
    this.#older?.disable();
    this.#newer.disable();
  }

  #rotate(): void {
    this.#newer.disable();
    this.#older = this.#newer;
    this.#newer = begin();
    this.#turn = this.#clock.after(windowMs, () => this.#rotate());
  }
}

function begin(): IntervalHistogram {
  const histogram = monitorEventLoopDelay({ resolution: samplingMs });
  histogram.enable();
  return histogram;
}

/** Node.js records the time from one timer to the next, of which the sampling interval was asked for. */
function latenessMs(intervalNs: number): number {
  return Math.max(0, intervalNs / nanosecondsInMs - samplingMs);
}
