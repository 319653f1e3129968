import type { Clock } from '../kernel/clock.js';
import type { Frame } from '../kernel/faces/picture.js';
import type { FrameDemand, TurnSeat } from './analysis-turns.js';
import type { KeepFrame } from './face-tracker.js';

/** The part of a camera's pipeline that the loop uses. */
interface Analysis {
  /** Whether a new frame is due. Called for every frame, in order. */
  admits(frame: Frame): boolean;
  /** What the next due frame asks for. */
  demand(): FrameDemand;
  /** Analyses one frame; the next call comes after this one settled. The frame is kept as long as `keep` says. */
  analyse(frame: Frame, keep: KeepFrame): Promise<boolean>;
  /** Every track ends: the stream ended, or the camera is closed. */
  end(reason?: 'vision-stopped'): void;
}

/** Due frames of a camera that wait at most, and for how long once newer ones wait, milliseconds. More would make the events late. */
const mostWaiting = 3;
const longestWaitMs = 120;
/** A frame that has waited until it is this old is dropped, as those that arrive so late, milliseconds. */
const deadlineMs = 1000;
/** The load is measured over this time, milliseconds. */
const measuredMs = 1000;
/** Above this share of time in analysis, waits for other cameras included, there is no time for faster analysis. */
const fullShare = 0.75;
/** How long `hasTime` stays false after that, milliseconds. */
const easeMs = 5000;

interface CameraLoopOptions {
  readonly analysis: Analysis;
  readonly clock: Clock;
  /** Decides when a frame may be analysed. */
  readonly seat: TurnSeat;
  /**
   * Gets the error of an analysis, which ends the tracks. The next frame is analysed once the promise has resolved, unless
   * it resolves with `end`.
   */
  onFailure(error: unknown): Promise<'go-on' | 'end'>;
  /** Gets an error that ends the loop. */
  onEnd(error: unknown): void;
}

/**
 * Passes a camera's due frames to its pipeline, one at a time and in order. A few wait while one is analysed, because some take longer
 * than the time to the next. When more would wait, or longer, the oldest are released and counted: live video does not queue.
 */
export class CameraLoop implements AsyncDisposable {
  readonly #options: CameraLoopOptions;
  /** Oldest first. */
  readonly #waiting: Frame[] = [];
  readonly #running: Promise<void>;
  /** Resolves when every frame has been released that was kept beyond its analysis. */
  #kept: Promise<void> = Promise.resolve();
  #measuredFromMs: number;
  #analysingMs = 0;
  #late = 0;
  #easeUntilMs = Number.NEGATIVE_INFINITY;
  #isEnding = false;
  #hasFailed = false;
  #hasStreamEnded = false;
  #wake: () => void = () => undefined;

  constructor(options: CameraLoopOptions) {
    this.#options = options;
    this.#measuredFromMs = options.clock.monotonicMs();
    this.#running = this.#run().catch(options.onEnd);
  }

  /** Due frames that were never analysed because a newer one came, or their turn came too late. */
  get late(): number {
    return this.#late;
  }

  /** False for a few seconds after the analysis took nearly all the time. */
  get hasTime(): boolean {
    return this.#options.clock.monotonicMs() >= this.#easeUntilMs;
  }

  /** Takes ownership of the frame. */
  put(frame: Frame): void {
    // These frames are not late: there is no analysis for which they could be due.
    if (this.#hasFailed) {
      frame.release();
      return;
    }
    if (!this.#options.analysis.admits(frame)) {
      frame.release();
      return;
    }
    while (this.#isTooLate(this.#waiting[0], frame)) {
      this.#waiting.shift()?.release();
      this.#lose();
    }
    this.#waiting.push(frame);
    this.#wake();
  }

  /** The stream ended or was interrupted: its tracks end, because faces may change places unseen. */
  streamEnded(): void {
    this.#hasStreamEnded = true;
    this.#interrupt();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isEnding = true;
    this.#interrupt();
    await this.#running;
    await this.#kept;
    this.#clear();
    this.#options.analysis.end('vision-stopped');
  }

  async #run(): Promise<void> {
    const { analysis, clock, seat } = this.#options;
    while (!this.#isEnding) {
      if (this.#hasStreamEnded) {
        this.#hasStreamEnded = false;
        this.#clear();
        analysis.end();
      }
      if (this.#waiting.length === 0) await this.#nextFrameOrEnd();
      else {
        const askedMs = clock.monotonicMs();
        try {
          await seat.run(
            () => analysis.demand(),
            () => this.#analyseNext(askedMs),
          );
        } catch (error) {
          this.#hasStreamEnded = true;
          this.#hasFailed = true;
          if ((await this.#options.onFailure(error)) === 'end') return;
          this.#hasFailed = false;
        }
      }
    }
  }

  async #analyseNext(askedMs: number): Promise<void> {
    if (this.#isEnding || this.#hasStreamEnded) return;
    const { analysis, clock } = this.#options;
    const frame = this.#waiting.shift();
    if (frame === undefined) return;
    const readers: Promise<unknown>[] = [];
    try {
      if (clock.monotonicMs() - frame.capturedAtMs > deadlineMs) this.#lose();
      else await analysis.analyse(frame, (work) => void readers.push(work));
    } finally {
      if (readers.length === 0) frame.release();
      else this.#keep(frame, readers);
    }
    this.#measure(askedMs);
  }

  /** One reader that hangs holds its own frame only. */
  #keep(frame: Frame, readers: readonly Promise<unknown>[]): void {
    const released = Promise.allSettled(readers).then(() => frame.release());
    this.#kept = Promise.all([this.#kept, released]).then(() => undefined);
  }

  #isTooLate(oldest: Frame | undefined, newest: Frame): boolean {
    if (oldest === undefined) return false;
    const isOld = newest.capturedAtMs - oldest.capturedAtMs > longestWaitMs;
    return isOld || this.#waiting.length >= mostWaiting;
  }

  #clear(): void {
    for (const frame of this.#waiting.splice(0)) frame.release();
  }

  #lose(): void {
    this.#late += 1;
    this.#options.seat.lost();
  }

  #measure(askedMs: number): void {
    const nowMs = this.#options.clock.monotonicMs();
    this.#analysingMs += nowMs - askedMs;
    const elapsedMs = nowMs - this.#measuredFromMs;
    if (elapsedMs < measuredMs) return;
    if (this.#analysingMs > fullShare * elapsedMs) this.#easeUntilMs = nowMs + easeMs;
    this.#measuredFromMs = nowMs;
    this.#analysingMs = 0;
  }

  #interrupt(): void {
    this.#options.seat.withdraw();
    this.#wake();
  }

  #nextFrameOrEnd(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}
