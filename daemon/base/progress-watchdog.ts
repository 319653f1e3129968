import type { Clock, Timer } from './clock.js';

interface Source {
  readonly name: string;
  readonly count: () => number;
  atLastPing: number;
}

export interface ProgressWatchdogOptions {
  readonly clock: Clock;
  /** Whoever listens acts after this much silence, milliseconds. */
  readonly silenceLimitMs: number;
  readonly ping: () => void;
  /** Called once per standstill, at half the limit, with the names of the sources that did not get on. */
  readonly onStandstill: (names: readonly string[]) => void;
}

/** Looks this often within the limit: a ping is late by at most one of these steps. */
const looksPerLimit = 8;

/**
 * Pings only on measured progress: when every source has counted on since the last ping. A process whose timers
 * still fire while its work stands still goes silent, and is replaced. Without any source it is silent, too:
 * nothing proves progress.
 */
export class ProgressWatchdog implements Disposable {
  readonly #options: ProgressWatchdogOptions;
  readonly #sources = new Set<Source>();
  #lastPingMs: number;
  #isStandstillTold = false;
  #timer: Timer;

  constructor(options: ProgressWatchdogOptions) {
    this.#options = options;
    this.#lastPingMs = options.clock.monotonicMs();
    this.#timer = this.#schedule();
  }

  /**
   * Adds something that must get on. `count` grows with every step of its work. Call what is returned when it
   * rightly rests (a camera switched off): it is then no longer waited for.
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
    return clock.after(silenceLimitMs / looksPerLimit, () => {
      this.#timer = this.#schedule();
      this.#look();
    });
  }

  #look(): void {
    const { clock, silenceLimitMs, ping, onStandstill } = this.#options;
    const resting = [...this.#sources].filter((source) => source.count() <= source.atLastPing);
    if (resting.length === 0 && this.#sources.size > 0) {
      for (const source of this.#sources) source.atLastPing = source.count();
      this.#lastPingMs = clock.monotonicMs();
      this.#isStandstillTold = false;
      ping();
    } else if (!this.#isStandstillTold && clock.monotonicMs() - this.#lastPingMs >= silenceLimitMs / 2) {
      this.#isStandstillTold = true;
      onStandstill(resting.map((source) => source.name));
    }
  }
}
