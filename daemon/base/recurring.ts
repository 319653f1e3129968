import type { Clock, Timer } from './clock.js';
import { operational } from './errors.js';

export interface RecurringOptions {
  readonly clock: Clock;
  /** From the end of one turn to the beginning of the next, milliseconds. */
  readonly everyMs: number;
  /** One turn. `signal` aborts when there will be no more: a long one stops at the next place where it can. */
  readonly work: (signal: AbortSignal) => PromiseLike<void> | void;
  /** Told of the first turn that fails, and of none after it until one has succeeded. */
  readonly onFailure: (error: unknown) => void;
}

/** Does the same work again and again, one turn at a time. Its end waits for the turn that is under way. */
export class Recurring implements AsyncDisposable {
  readonly #options: RecurringOptions;
  readonly #abort = new AbortController();
  #turn: Promise<void> | undefined;
  #timer: Timer | undefined;
  #isFailing = false;

  constructor(options: RecurringOptions) {
    this.#options = options;
  }

  /** Takes the first turn now. Starting what has started or ended is harmless. */
  start(): this {
    if (!this.#abort.signal.aborted) this.#turn ??= this.#take();
    return this;
  }

  /** Resolves when the turn that is under way has ended, well or not. */
  async settled(): Promise<void> {
    await this.#turn;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.cancel();
    this.#abort.abort(operational('shutting-down', 'the owner is shutting down'));
    await this.#turn;
  }

  async #take(): Promise<void> {
    const { clock, everyMs, work, onFailure } = this.#options;
    const { signal } = this.#abort;
    try {
      await work(signal);
      this.#isFailing = false;
    } catch (error) {
      if (!this.#isFailing) onFailure(error);
      this.#isFailing = true;
    }
    if (signal.aborted) return;
    this.#timer = clock.after(everyMs, () => {
      this.#turn = this.#take();
    });
  }
}
