/** Parts that come further apart say nothing about the clock of the stream, milliseconds. */
const longestGapMs = 1500;
/** The clock of a stream that stands still for so long, while parts come, is wrong, milliseconds. */
const standsStillMs = 2000;
/** Pictures are further apart. FFmpeg moves the time of one that goes back by one unit, seconds. */
const leastStepS = 0.001;

/**
 * - `goes-on`: the time of the part is right.
 * - `stands-still`: it is the time of the part before.
 * - `goes-on-again`: the first part with a time of its own after those.
 * - `has-stopped`: the clock has stood still for too long.
 */
type ClockState = 'goes-on' | 'stands-still' | 'goes-on-again' | 'has-stopped';

/**
 * Watches the clock of a stream that FFmpeg copies. A copy cannot go back in time: after a camera has set its clock back, FFmpeg gives
 * every picture the time of the last one until the clock is there again, and what decodes and picks them takes them for one moment.
 */
export class CopiedClock {
  #lastS = Number.NEGATIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;
  /** When the last part came with a time of its own. */
  #wentOnMs = Number.NEGATIVE_INFINITY;
  #isStill = false;

  /** Takes the time of the next part on the clock of the stream, and when it came. */
  next(timeS: number, atMs: number): ClockState {
    const wasStill = this.#isStill;
    const isInterrupted = atMs - this.#lastMs > longestGapMs;
    this.#isStill = timeS >= this.#lastS && timeS - this.#lastS < leastStepS;
    if (!this.#isStill || isInterrupted) this.#wentOnMs = atMs;
    this.#lastS = timeS;
    this.#lastMs = atMs;
    if (!this.#isStill) return wasStill ? 'goes-on-again' : 'goes-on';
    return atMs - this.#wentOnMs < standsStillMs ? 'stands-still' : 'has-stopped';
  }
}
