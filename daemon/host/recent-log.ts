import type { DestinationStream } from 'pino';
import type { Clock } from '../kernel/clock.js';

/** A line of the log as it was written. */
interface RecentLine {
  /** Counts the lines since the start of the daemon, from 1. */
  readonly number: number;
  readonly text: string;
}

interface RecentLogLimits {
  readonly lines: number;
  /** Characters of all lines together. */
  readonly characters: number;
  readonly ageMs: number;
}

/** What people look at after a failure, for at most 2 to 4 MB of memory. */
export const recentLogLimits: RecentLogLimits = { lines: 5_000, characters: 2_000_000, ageMs: 3_600_000 };

/** Keeps the latest lines of the log in memory, so that people can read them without a shell on the box. */
export class RecentLog {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #limits: RecentLogLimits;
  #lines: { readonly line: RecentLine; readonly atMs: number }[] = [];
  /** Lines before this place are gone. They are cut off when half of the list is gone. */
  #first = 0;
  #characters = 0;
  #count = 0;

  constructor(clock: Pick<Clock, 'monotonicMs'>, limits: RecentLogLimits = recentLogLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Keeps what goes to `output`. */
  keeping(output: DestinationStream): DestinationStream {
    return {
      write: (text) => {
        output.write(text);
        this.#keep(text.trimEnd());
      },
    };
  }

  /** The kept lines, newest first. */
  *newestFirst(): Generator<RecentLine> {
    const sinceMs = this.#clock.monotonicMs() - this.#limits.ageMs;
    for (let index = this.#lines.length - 1; index >= this.#first; index -= 1) {
      const kept = this.#lines[index];
      if (kept === undefined || kept.atMs < sinceMs) return;
      yield kept.line;
    }
  }

  #keep(text: string): void {
    const nowMs = this.#clock.monotonicMs();
    this.#count += 1;
    this.#lines.push({ line: { number: this.#count, text }, atMs: nowMs });
    this.#characters += text.length;
    const { lines, characters, ageMs } = this.#limits;
    for (;;) {
      const oldest = this.#lines[this.#first];
      if (oldest === undefined) break;
      const isTooMany = this.#lines.length - this.#first > lines || this.#characters > characters;
      if (!isTooMany && oldest.atMs >= nowMs - ageMs) break;
      this.#characters -= oldest.line.text.length;
      this.#first += 1;
    }
    if (this.#first * 2 < this.#lines.length) return;
    this.#lines = this.#lines.slice(this.#first);
    this.#first = 0;
  }
}
