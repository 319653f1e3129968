/** Runs one piece of work at a time, in the order in which it was asked for. */
export class InTurn {
  #last: Promise<void> = Promise.resolve();

  /** Runs `work` after everything asked before has ended, whether it went well or not. */
  run<T>(work: () => T | Promise<T>): Promise<T> {
    const mine = this.#last.then(work);
    // Keeps nothing of what came out: it may be a secret.
    this.#last = mine.then(nothing, nothing);
    return mine;
  }

  /** Resolves when no work is left. */
  async settled(): Promise<void> {
    for (let last: unknown; last !== this.#last; ) {
      last = this.#last;
      await last;
    }
  }
}

const nothing = (): void => undefined;
