import type { Clock, Timer } from './clock.js';

interface Source {
  readonly name: string;
  readonly count: () => number;
  atLastPing: number;
}

interface ProgressWatchdogOptions {
  readonly clock: Clock;
  /** The receiver of the pings acts after this time without one, milliseconds. */
  readonly silenceLimitMs: number;
  readonly ping: () => void;
  /** Called once per standstill, at half the limit, with the names of the sources without progress. */
  readonly onStandstill: (names: readonly string[]) => void;
}

/** Checks per limit: a ping is late by at most one check. */
const checksPerLimit = 8;

/**
 * Pings only on measured progress: when the count of every source has grown since the last ping. A process whose timers fire
 * while its work stands still sends no pings and is replaced. Without sources there are no pings, because nothing proves
 * progress.
 */
export class ProgressWatchdog implements Disposable {
  readonly #options: ProgressWatchdogOptions;
  readonly #sources = new Set<Source>();
  #lastPingMs: number;
  #isStandstillReported = false;
  #timer: Timer;

  constructor(options: ProgressWatchdogOptions) {
    this.#options = options;
    this.#lastPingMs = options.clock.monotonicMs();
    this.#timer = this.#schedule();
  }

  /**
   * Adds a source that must make progress. `count` grows with every step of its work. Call the returned function when the
   * source may rest (a camera was switched off); the watchdog then ignores it.
   */
  register(name: string, count: () => number): () => void {
    const source: Source = { name, count, atLastPing: count() };
    this.#sources.add(source);
    return () => void this.#sources.delete(source);
  }

  [Symbol.dispose](): void {
    this.#timer.cancel();
  }

  #schedule(): Timer {
    const { clock, silenceLimitMs } = this.#options;
    return clock.after(silenceLimitMs / checksPerLimit, () => {
      this.#timer = this.#schedule();
      this.#check();
    });
  }

  #check(): void {
    const { clock, silenceLimitMs, ping, onStandstill } = this.#options;
    const resting = [...this.#sources].filter((source) => source.count() <= source.atLastPing);
    if (resting.length === 0 && this.#sources.size > 0) {
      for (const source of this.#sources) source.atLastPing = source.count();
      this.#lastPingMs = clock.monotonicMs();
      this.#isStandstillReported = false;
      ping();
    } else if (!this.#isStandstillReported && clock.monotonicMs() - this.#lastPingMs >= silenceLimitMs / 2) {
      this.#isStandstillReported = true;
      onStandstill(resting.map((source) => source.name));
    }
  }
}
