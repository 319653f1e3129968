/**
 * How fast the least delay is forgotten, milliseconds per second. Two quartz clocks drift apart by up to 0.2 ms per second
 * (100 ppm each); twice that follows the drift of any camera.
 */
const forgettingMsPerS = 0.4;

/** A larger step of the time stamps means that the camera set its clock, seconds. */
const largestStepS = 5;

/**
 * Maps a stream's presentation times to the monotonic clock. Pictures arrive with a jitter of tens of milliseconds, too much
 * to time blinks; presentation times have no jitter. The least delay so far, slowly forgotten, connects both clocks: the
 * delay above it is the age of the picture.
 */
export class PresentationClock {
  #offsetMs: number | undefined;
  #lastPtsS = 0;
  #lastArrivalMs = 0;
  #lastCapturedMs: number;

  /** `notBeforeMs`: all capture times are later, so that they stay in order over several openings of a camera. */
  constructor(notBeforeMs = Number.NEGATIVE_INFINITY) {
    this.#lastCapturedMs = notBeforeMs;
  }

  get lastCapturedMs(): number {
    return this.#lastCapturedMs;
  }

  /** When the picture was captured, monotonic milliseconds: not later than its arrival, except for 1 ms steps that keep the order. */
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
