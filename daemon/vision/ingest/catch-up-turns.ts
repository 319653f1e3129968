/**
 * Lets only a few decoders at a time catch up from their last key frames. Each of them takes a whole core for that, and cameras often
 * wake at once: all together they would be behind for seconds, and cost the cameras that are awake their frames.
 */
export class CatchUpTurns {
  readonly #most: number;
  /** Those that catch up and, behind them, those that wait, in the order in which they asked. */
  #line: readonly object[] = [];

  /** `most`: how many decoders may catch up at a time. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Whether `who` may catch up now. Otherwise it waits in line, and asks again. */
  take(who: object): boolean {
    if (!this.#line.includes(who)) this.#line = [...this.#line, who];
    return this.#line.indexOf(who) < this.#most;
  }

  /** `who` has caught up, or need not any more. */
  leave(who: object): void {
    if (this.#line.includes(who)) this.#line = this.#line.filter((each) => each !== who);
  }
}
