import { SerialQueue } from '../../../kernel/serial-queue.js';
import { failure } from '../../../words/errors.js';

/** Runs one task at a time, in the order of the calls. Limits the number of tasks that run or wait. */
export class WaitingLine {
  readonly #mostWaiting: number;
  #waiting = 0;
  readonly #turns = new SerialQueue();

  constructor(mostWaiting: number) {
    this.#mostWaiting = mostWaiting;
  }

  /**
   * Runs `work` after all earlier tasks have ended, also when they failed.
   * @throws `key-provider-busy` if too many tasks are waiting
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= this.#mostWaiting) {
      throw failure('key-provider-busy', {}, { retryable: true });
    }
    this.#waiting += 1;
    try {
      return await this.#turns.run(work);
    } finally {
      this.#waiting -= 1;
    }
  }
}
