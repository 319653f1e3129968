/** Lets one piece of work run at a time, in the order asked: what guards a buffer that is filled and then read. */
export class InTurn {
  #last: Promise<unknown> = Promise.resolve();

  /** Runs `work` after everything asked before has ended, whether it went well or not. */
  run<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(work, work);
    this.#last = mine;
    return mine;
  }
}
