import type { Clock, Timer } from './clock.js';
import { operational } from './errors.js';

interface RecurringOptions {
  readonly clock: Clock;
  /** From the end of one run to the beginning of the next, milliseconds. */
  readonly everyMs: number;
  /** One run. `signal` aborts at the end, so that a long run can stop early. */
  readonly work: (signal: AbortSignal) => PromiseLike<void> | void;
  /** Called for the first run that fails, and again only after a run has succeeded. */
  readonly onFailure: (error: unknown) => void;
}

/** Repeats work, one run at a time. Disposing it waits for the current run. */
export class Recurring implements AsyncDisposable {
  readonly #options: RecurringOptions;
  readonly #abort = new AbortController();
  #run: Promise<void> | undefined;
  #timer: Timer | undefined;
  #isFailing = false;

  constructor(options: RecurringOptions) {
    this.#options = options;
  }

  /** Begins the first run. Does nothing if it has started or ended. */
  start(): this {
    if (!this.#abort.signal.aborted) this.#run ??= this.#work();
    return this;
  }

  /** Resolves when the current run has ended, also when it failed. */
  async settled(): Promise<void> {
    await this.#run;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer?.cancel();
    this.#abort.abort(operational('shutting-down', 'this part of the program is stopping'));
    await this.#run;
  }

  async #work(): Promise<void> {
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
      this.#run = this.#work();
    });
  }
}
