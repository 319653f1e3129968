/**
 * How fast a smaller delay is forgotten, milliseconds per second. Quartz clocks differ by up to about 0.2 ms per
 * second (200 ppm, two clocks of 100 ppm); with twice that the mapping follows any camera's drift.
 */
const forgettingMsPerS = 0.4;

/** A step of the time stamps that no picture rate explains, seconds: the camera set its clock. */
const largestStepS = 5;

/**
 * Maps a stream's presentation times to the monotonic clock. Pictures arrive with a jitter of tens of
 * milliseconds, which blinks cannot be timed with; their presentation times have none. The least delay seen,
 * slowly forgotten, joins both clocks: what is above it is the age of the picture.
 */
export class PresentationClock {
  #offsetMs: number | undefined;
  #lastPtsS = 0;
  #lastArrivalMs = 0;
  #lastCapturedMs: number;

  /** `notBeforeMs`: captured times are later than this (an earlier opening of the same camera). */
  constructor(notBeforeMs = Number.NEGATIVE_INFINITY) {
    this.#lastCapturedMs = notBeforeMs;
  }

  get lastCapturedMs(): number {
    return this.#lastCapturedMs;
  }

  /** When the picture was captured, monotonic milliseconds: never after it arrived (but for 1 ms steps that keep the order). */
  capturedAtMs(ptsS: number | undefined, arrivedAtMs: number): number {
    const estimate = ptsS === undefined ? arrivedAtMs : this.#map(ptsS, arrivedAtMs);
    this.#lastCapturedMs = Math.max(estimate, this.#lastCapturedMs + 1);
    return this.#lastCapturedMs;
  }

  #map(ptsS: number, arrivedAtMs: number): number {
    const offsetMs = arrivedAtMs - ptsS * 1000;
    const stepS = ptsS - this.#lastPtsS;
    const elapsedS = (arrivedAtMs - this.#lastArrivalMs) / 1000;
    const isContinuous = stepS >= 0 && stepS - elapsedS < largestStepS;
    this.#offsetMs =
      this.#offsetMs !== undefined && isContinuous
        ? Math.min(this.#offsetMs + forgettingMsPerS * elapsedS, offsetMs)
        : offsetMs;
    this.#lastPtsS = ptsS;
    this.#lastArrivalMs = arrivedAtMs;
    return ptsS * 1000 + this.#offsetMs;
  }
}
