/** How many durations were at most as long as each bound. */
export interface DurationCounts {
  /** Seconds, ascending. */
  readonly boundsS: readonly number[];
  /** One count for each bound, of durations above the bound before it, and one for those above the last. */
  readonly counts: readonly number[];
  readonly sumS: number;
}

/** Counts durations by length, in fixed steps. */
export class DurationHistogram {
  readonly #boundsS: readonly number[];
  readonly #counts: number[];
  #sumS = 0;

  /** `boundsS`: seconds, ascending. */
  constructor(boundsS: readonly number[]) {
    this.#boundsS = boundsS;
    this.#counts = [...boundsS, Number.POSITIVE_INFINITY].map(() => 0);
  }

  observe(durationS: number): void {
    const found = this.#boundsS.findIndex((boundS) => durationS <= boundS);
    const step = found < 0 ? this.#boundsS.length : found;
    this.#counts[step] = (this.#counts[step] ?? 0) + 1;
    this.#sumS += durationS;
  }

  /** A copy. */
  get counts(): DurationCounts {
    return { boundsS: this.#boundsS, counts: [...this.#counts], sumS: this.#sumS };
  }
}
