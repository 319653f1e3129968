import type { Clock } from './clock.js';
import { operational } from './errors.js';

interface Held {
  readonly name: string;
  readonly dispose: () => PromiseLike<void> | void;
}

/**
 * Owns resources and disposes them in reverse order of acquisition. One deadline applies to all; the error names the
 * resources that did not end in time. Disposing twice is harmless.
 */
export class Lifetime implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #deadlineMs: number;
  readonly #held: Held[] = [];
  readonly #abort = new AbortController();
  #ending: Promise<void> | undefined;

  constructor(clock: Clock, deadlineMs = 10_000) {
    this.#clock = clock;
    this.#deadlineMs = deadlineMs;
  }

  /** Aborts when disposal begins, for work that is not a resource of its own. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Takes over `resource` and returns it. `name` identifies it in errors. */
  use<T extends AsyncDisposable>(name: string, resource: T): T {
    this.defer(name, () => resource[Symbol.asyncDispose]());
    return resource;
  }

  /** Runs `dispose` at the end, before all earlier resources. */
  defer(name: string, dispose: () => PromiseLike<void> | void): void {
    this.#held.push({ name, dispose });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#ending ??= this.#end();
    return this.#ending;
  }

  async #end(): Promise<void> {
    this.#abort.abort(operational('shutting-down', 'this part of the program is stopping'));
    const failures: unknown[] = [];
    const survivors: string[] = [];
    let isLate: () => void = () => undefined;
    const deadline = new Promise<'late'>((resolve) => {
      isLate = () => resolve('late');
    });
    const timer = this.#clock.after(this.#deadlineMs, isLate);
    for (const { name, dispose } of this.#held.reverse()) {
      const done = (async () => dispose())().catch((error: unknown) => void failures.push(error));
      if ((await Promise.race([done, deadline])) === 'late') survivors.push(name);
    }
    timer.cancel();
    if (survivors.length > 0) {
      throw operational(
        'shutdown-deadline',
        `still running after ${this.#deadlineMs} ms: ${survivors.join(', ')}`,
      );
    }
    if (failures.length > 0) throw new AggregateError(failures, 'errors while shutting down');
  }
}
