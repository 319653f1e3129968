import type { Clock } from '../../kernel/clock.js';

/** A camera that waits asks at each part of its video. One that has not for so long sends none, and holds up nobody, milliseconds. */
const silentAfterMs = 1000;

interface Place {
  readonly who: object;
  askedMs: number;
  hasTurn: boolean;
}

/**
 * Lets only a few decoders at a time catch up from their last key frames. Each of them takes a whole core for that, and cameras often
 * wake at once: all together they would be behind for seconds, and cost the cameras that are awake their frames.
 */
export class CatchUpTurns {
  readonly #most: number;
  readonly #clock: Clock;
  /** Those that catch up and those that wait, in the order in which they asked. */
  #line: readonly Place[] = [];

  /** `most`: how many decoders may catch up at a time. */
  constructor(most: number, clock: Clock) {
    this.#most = most;
    this.#clock = clock;
  }

  /** Whether `who` may catch up now. Otherwise it waits in line, and asks again. */
  take(who: object): boolean {
    const nowMs = this.#clock.monotonicMs();
    let at = this.#line.findIndex((place) => place.who === who);
    if (at < 0) at = this.#line.length;
    const place = this.#line[at] ?? { who, askedMs: nowMs, hasTurn: false };
    if (at === this.#line.length) this.#line = [...this.#line, place];
    place.askedMs = nowMs;
    const isAhead = (other: Place, index: number): boolean =>
      other.hasTurn || (index < at && nowMs - other.askedMs < silentAfterMs);
    place.hasTurn ||= this.#line.filter(isAhead).length < this.#most;
    return place.hasTurn;
  }

  /** `who` has caught up, or need not any more. */
  leave(who: object): void {
    this.#line = this.#line.filter((place) => place.who !== who);
  }
}
