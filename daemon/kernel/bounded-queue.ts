/**
 * First in, first out, with a limit. When full, the oldest item is dropped and counted: the policy for
 * diagnostics and live views, where the newest matters. Facts that must not be lost go through the outbox.
 */
export class DropOldestQueue<T> {
  readonly #limit: number;
  readonly #items: T[] = [];
  #dropped = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#items.length;
  }

  get dropped(): number {
    return this.#dropped;
  }

  push(item: T): void {
    if (this.#items.length >= this.#limit) {
      this.#items.shift();
      this.#dropped += 1;
    }
    this.#items.push(item);
  }

  shift(): T | undefined {
    return this.#items.shift();
  }

  toArray(): readonly T[] {
    return [...this.#items];
  }
}
