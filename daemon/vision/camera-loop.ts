import type { Clock } from '../base/clock.js';
import { LatestSlot } from '../base/latest-slot.js';
import type { Frame } from '../domain/faces/picture.js';

/** What the loop needs of a camera's session. */
export interface Analysis {
  /** Analyses one frame; the next comes only after it settled. */
  analyse(frame: Frame): Promise<boolean>;
  /** Every track ends. */
  end(): void;
}

/** Analysis is measured over so much time, milliseconds. */
const measuredMs = 1000;
/** Share of the time, waiting for other cameras included, that analysis may take before there is none to spare. */
const fullShare = 0.75;
/** For how long fewer frames are analysed then, milliseconds. */
const easeMs = 5000;

/**
 * Brings a camera's frames to its session, one at a time and always the newest: live video never queues. What was
 * replaced while a frame was analysed is released and counted.
 */
export class CameraLoop implements AsyncDisposable {
  readonly #session: Analysis;
  readonly #slot = new LatestSlot<Frame>((frame) => frame.release());
  readonly #running: Promise<void>;
  readonly #clock: Clock;
  #measuredFromMs: number;
  #analysingMs = 0;
  #easeUntilMs = Number.NEGATIVE_INFINITY;
  #isEnding = false;
  #hasStreamEnded = false;
  #wake: () => void = () => undefined;

  /** `onFailure` gets what an analysis threw; the loop has then ended. */
  constructor(session: Analysis, clock: Clock, onFailure: (error: unknown) => void) {
    this.#session = session;
    this.#clock = clock;
    this.#measuredFromMs = clock.monotonicMs();
    this.#running = this.#run().catch(onFailure);
  }

  /** Frames that were never looked at because a newer one came. */
  get dropped(): number {
    return this.#slot.dropped;
  }

  /** False for some seconds after the analysis took nearly all the time that there is. */
  get hasTime(): boolean {
    return this.#clock.monotonicMs() >= this.#easeUntilMs;
  }

  /** Takes the frame over. */
  put(frame: Frame): void {
    this.#slot.put(frame);
    this.#wake();
  }

  /** The stream is over, or interrupted: its tracks end, since nobody saw what happened meanwhile. */
  streamEnded(): void {
    this.#hasStreamEnded = true;
    this.#wake();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    this.#wake();
    await this.#running;
    this.#slot.clear();
    this.#session.end();
  }

  async #run(): Promise<void> {
    while (!this.#isEnding) {
      if (this.#hasStreamEnded) {
        this.#hasStreamEnded = false;
        this.#slot.clear();
        this.#session.end();
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
    await this.#session.analyse(frame);
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
