import { operational } from '../../base/errors.js';
import { InTurn } from '../../base/in-turn.js';

/** Lets one piece of work run at a time, in the order asked, and only so many wait for it. */
export class WaitingLine {
  readonly #mostWaiting: number;
  #waiting = 0;
  readonly #turns = new InTurn();

  constructor(mostWaiting: number) {
    this.#mostWaiting = mostWaiting;
  }

  /**
   * Runs `work` after everything asked before has ended, whether it went well or not.
   * @throws `key-provider-busy` where too many wait already
   */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= this.#mostWaiting) {
      throw operational('key-provider-busy', 'too many attempts to open the gallery wait already', {
        remedy: 'try again when those have ended, in some seconds',
        retryable: true,
      });
    }
    this.#waiting += 1;
    try {
      return await this.#turns.run(work);
    } finally {
      this.#waiting -= 1;
    }
  }
}
