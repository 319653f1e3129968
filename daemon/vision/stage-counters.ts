import { type Stage, type StageTimes, stageBoundsS } from '../contract/vision/vision-reports.js';
import type { Clock } from '../kernel/clock.js';
import { DurationHistogram } from '../kernel/duration-histogram.js';

/** Counts besides stage times. */
type Tally =
  | 'framesAnalysed'
  | 'framesSkipped'
  /** Detector runs on the whole picture at full resolution; `detectCount` counts all runs. */
  | 'fullLooks'
  /** Detector runs on parts of the picture at full resolution. */
  | 'partLooks'
  /** Detector runs that were not made, or made quickly instead of fully: nothing unknown moved, or there was no time. */
  | 'looksSpared'
  /** Detector runs over the surroundings of one tracked face. */
  | 'aloneLooks'
  | 'facesLocated'
  /** Mesh fits that waited for a later frame because the frame had its share. */
  | 'locatesDeferred'
  | 'tracksConfirmed'
  | 'blinks'
  | 'gestures'
  | 'sightings'
  /** Size of all best shots; `bestShotCount` counts the attempts. */
  | 'bestShotBytes'
  | 'bestShotsFailed';

/**
 * Counts and times of one camera's stages since the start, for the status and the benchmarks. Every stage has `<stage>Ms`,
 * its total time, and `<stage>Count`, the number of its runs.
 */
export class StageCounters {
  readonly #clock: Clock;
  readonly #values = new Map<string, number>();
  readonly #times = new Map<Stage, DurationHistogram>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(tally: Tally, amount = 1): void {
    this.#increase(tally, amount);
  }

  async time<T>(stage: Stage, work: () => Promise<T>): Promise<T> {
    const startedMs = this.#clock.monotonicMs();
    try {
      return await work();
    } finally {
      this.#ran(stage, startedMs);
    }
  }

  timeSync<T>(stage: Stage, work: () => T): T {
    const startedMs = this.#clock.monotonicMs();
    try {
      return work();
    } finally {
      this.#ran(stage, startedMs);
    }
  }

  /** A copy of all values by name. */
  snapshot(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#values);
  }

  get times(): StageTimes {
    return Object.fromEntries([...this.#times].map(([stage, { counts }]) => [stage, counts.counts]));
  }

  #ran(stage: Stage, startedMs: number): void {
    const tookMs = this.#clock.monotonicMs() - startedMs;
    this.#increase(`${stage}Ms`, tookMs);
    this.#increase(`${stage}Count`, 1);
    const times = this.#times.get(stage) ?? new DurationHistogram(stageBoundsS);
    this.#times.set(stage, times);
    times.observe(tookMs / 1000);
  }

  #increase(name: string, amount: number): void {
    this.#values.set(name, (this.#values.get(name) ?? 0) + amount);
  }
}
