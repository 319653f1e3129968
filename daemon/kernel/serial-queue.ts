/** Runs one task at a time, in the order of the calls. */
export class SerialQueue {
  #last: Promise<void> = Promise.resolve();

  /** Runs `task` after all earlier tasks have ended, also when they failed. */
  run<T>(task: () => T | Promise<T>): Promise<T> {
    const mine = this.#last.then(task);
    // Drops the result: it may be a secret.
    this.#last = mine.then(nothing, nothing);
    return mine;
  }

  /** Resolves when no task is left. */
  async settled(): Promise<void> {
    for (let last: unknown; last !== this.#last; ) {
      last = this.#last;
      await last;
    }
  }
}

const nothing = (): void => undefined;
