import type { Clock } from '../kernel/clock.js';
import type { Frame } from '../kernel/faces/picture.js';
import { LatestSlot } from '../kernel/latest-slot.js';

/** The part of a camera's pipeline that the loop uses. */
interface Analysis {
  /** Analyses one frame; the next call comes after this one settled. */
  analyse(frame: Frame): Promise<boolean>;
  /** Every track ends: the stream ended, or the camera is closed. */
  end(reason?: 'vision-stopped'): void;
}

/** The load is measured over this time, milliseconds. */
const measuredMs = 1000;
/** Above this share of time in analysis, waits for other cameras included, there is no time for faster analysis. */
const fullShare = 0.75;
/** How long `hasTime` stays false after that, milliseconds. */
const easeMs = 5000;

/**
 * Passes a camera's frames to its pipeline, one at a time and always the newest: live video never queues. A frame that is
 * replaced by a newer one is released and counted.
 */
export class CameraLoop implements AsyncDisposable {
  readonly #analysis: Analysis;
  readonly #slot = new LatestSlot<Frame>((frame) => frame.release());
  readonly #running: Promise<void>;
  readonly #clock: Clock;
  #measuredFromMs: number;
  #analysingMs = 0;
  #easeUntilMs = Number.NEGATIVE_INFINITY;
  #isEnding = false;
  #hasStreamEnded = false;
  #wake: () => void = () => undefined;

  /** `onFailure` gets the error of an analysis, which also ends the loop. */
  constructor(analysis: Analysis, clock: Clock, onFailure: (error: unknown) => void) {
    this.#analysis = analysis;
    this.#clock = clock;
    this.#measuredFromMs = clock.monotonicMs();
    this.#running = this.#run().catch(onFailure);
  }

  /** Frames that were never analysed because a newer one came. */
  get dropped(): number {
    return this.#slot.dropped;
  }

  /** False for some seconds after the analysis took nearly all the time. */
  get hasTime(): boolean {
    return this.#clock.monotonicMs() >= this.#easeUntilMs;
  }

  /** Takes ownership of the frame. */
  put(frame: Frame): void {
    this.#slot.put(frame);
    this.#wake();
  }

  /** The stream ended or was interrupted: its tracks end, because faces may change places unseen. */
  streamEnded(): void {
    this.#hasStreamEnded = true;
    this.#wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    this.#wake();
    await this.#running;
    this.#slot.clear();
    this.#analysis.end('vision-stopped');
  }

  async #run(): Promise<void> {
    while (!this.#isEnding) {
      if (this.#hasStreamEnded) {
        this.#hasStreamEnded = false;
        this.#slot.clear();
        this.#analysis.end();
      }
      const frame = this.#slot.take();
      if (frame === undefined) await this.#nextFrameOrEnd();
      else {
        try {
          await this.#analyse(frame);
        } finally {
          frame.release();
        }
      }
    }
  }

  async #analyse(frame: Frame): Promise<void> {
    const startedMs = this.#clock.monotonicMs();
    await this.#analysis.analyse(frame);
    const nowMs = this.#clock.monotonicMs();
    this.#analysingMs += nowMs - startedMs;
    const elapsedMs = nowMs - this.#measuredFromMs;
    if (elapsedMs < measuredMs) return;
    if (this.#analysingMs > fullShare * elapsedMs) this.#easeUntilMs = nowMs + easeMs;
    this.#measuredFromMs = nowMs;
    this.#analysingMs = 0;
  }

  #nextFrameOrEnd(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
