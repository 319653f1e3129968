import type { Clock, Timer } from '../../kernel/clock.js';

/** A timer that fires this late shows that this process was stopped: frames may wait unread. */
const lateTimerMs = 500;
/** Time to read the waiting frames before the camera counts as silent. */
const extraPatienceMs = 1000;

/** Why the watchdog gave up on a stream. */
export type Silence = 'no-first-frame' | 'stalled' | 'falling-behind';

/**
 * Watches the age of the last useful frame, the only reliable sign of a dead stream: FFmpeg may wait for ever for a camera
 * that keeps the session open but sends nothing. Reports once.
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

  /** Milliseconds since the last useful frame; since the start, before the first frame. */
  get silentMs(): number {
    return this.#clock.monotonicMs() - this.#lastMs;
  }

  /** A frame arrived in time. */
  freshFrame(): void {
    this.#lastMs = this.#clock.monotonicMs();
    this.#isBehind = false;
    if (this.#hadFrames) return;
    this.#hadFrames = true;
    this.#timer?.cancel();
    this.#arm(this.#stallAfterMs);
  }

  /** A frame arrived too late to be used: the stream is alive, but this box falls behind. */
  staleFrame(): void {
    this.#isBehind = true;
  }

  cancel(): void {
    this.#timer?.cancel();
  }

  #arm(delayMs: number): void {
    this.#dueMs = this.#clock.monotonicMs() + delayMs;
    this.#timer = this.#clock.after(delayMs, () => this.#check());
  }

  #check(): void {
    if (this.#clock.monotonicMs() - this.#dueMs > lateTimerMs) {
      this.#arm(extraPatienceMs);
      return;
    }
    const patienceMs = this.#hadFrames ? this.#stallAfterMs : this.#firstFrameWithinMs;
    if (this.silentMs < patienceMs) this.#arm(patienceMs - this.silentMs);
    else if (!this.#hadFrames) this.#onSilence('no-first-frame');
    else this.#onSilence(this.#isBehind ? 'falling-behind' : 'stalled');
  }
}
