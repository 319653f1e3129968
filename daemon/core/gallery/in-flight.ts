import { failure } from '../../words/errors.js';

/** Counts asynchronous work, so that closing can wait for it. */
export class InFlight {
  readonly #running = new Set<Promise<unknown>>();
  #isOpen = true;

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** @throws `gallery-closed` after `close` */
  assertOpen(): void {
    if (!this.#isOpen) throw failure('gallery-closed');
  }

  /** Runs `work`; `close` waits for it. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    this.assertOpen();
    const running = work();
    this.#running.add(running);
    try {
      return await running;
    } finally {
      this.#running.delete(running);
    }
  }

  /** Refuses new work and waits for running work to end. */
  async close(): Promise<void> {
    this.#isOpen = false;
    await Promise.allSettled(this.#running);
  }
}
