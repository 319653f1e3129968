import type { Clock, Timer } from '../../base/clock.js';

/** A timer this late means that this process stood still: what came meanwhile is still unread. */
const lateTimerMs = 500;
/** Time to read it before the camera is blamed. */
const secondLookMs = 1000;

/** What a stream is accused of when patience is at its end. */
export type Silence = 'no-first-frame' | 'stalled' | 'falling-behind';

/**
 * Watches the age of the last useful frame: the only sign of a dead stream that can be relied on, as FFmpeg may
 * wait for ever for a camera that holds the session but sends nothing. Reports once.
 */
export class FrameWatchdog {
  readonly #clock: Clock;
  readonly #firstFrameWithinMs: number;
  readonly #stallAfterMs: number;
  readonly #onSilence: (silence: Silence) => void;
  #timer: Timer | undefined;
  #dueMs = 0;
  #lastMs: number;
  #hadFrames = false;
  #isBehind = false;

  constructor(options: {
    readonly clock: Clock;
    readonly firstFrameWithinMs: number;
    readonly stallAfterMs: number;
    onSilence(silence: Silence): void;
  }) {
    this.#clock = options.clock;
    this.#firstFrameWithinMs = options.firstFrameWithinMs;
    this.#stallAfterMs = options.stallAfterMs;
    this.#onSilence = options.onSilence;
    this.#lastMs = this.#clock.monotonicMs();
    this.#arm(this.#firstFrameWithinMs);
  }

  get hadFrames(): boolean {
    return this.#hadFrames;
  }

  /** Milliseconds since the last useful frame, or since the beginning where there was none. */
  get silentMs(): number {
    return this.#clock.monotonicMs() - this.#lastMs;
  }

  /** A frame came in time. */
  freshFrame(): void {
    this.#lastMs = this.#clock.monotonicMs();
    this.#isBehind = false;
    if (this.#hadFrames) return;
    this.#hadFrames = true;
    this.#timer?.cancel();
    this.#arm(this.#stallAfterMs);
  }

  /** A frame came too late to be of use: the stream lives, but nobody gains by it. */
  staleFrame(): void {
    this.#isBehind = true;
  }

  cancel(): void {
    this.#timer?.cancel();
  }

  #arm(delayMs: number): void {
    this.#dueMs = this.#clock.monotonicMs() + delayMs;
    this.#timer = this.#clock.after(delayMs, () => this.#look());
  }

  #look(): void {
    if (this.#clock.monotonicMs() - this.#dueMs > lateTimerMs) {
      this.#arm(secondLookMs);
      return;
    }
    const patienceMs = this.#hadFrames ? this.#stallAfterMs : this.#firstFrameWithinMs;
    if (this.silentMs < patienceMs) this.#arm(patienceMs - this.silentMs);
    else if (!this.#hadFrames) this.#onSilence('no-first-frame');
    else this.#onSilence(this.#isBehind ? 'falling-behind' : 'stalled');
  }
}
