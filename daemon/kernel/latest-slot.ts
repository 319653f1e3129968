/**
 * Holds at most one item; the newest wins. An item that was not taken in time is released and counted.
 */
export class LatestSlot<T> {
  readonly #release: (item: T) => void;
  #item: T | undefined;
  #dropped = 0;

  constructor(release: (item: T) => void) {
    this.#release = release;
  }

  /** Number of items that were replaced before they were taken. */
  get dropped(): number {
    return this.#dropped;
  }

  /** The item that waits; it stays. */
  get waiting(): T | undefined {
    return this.#item;
  }

  put(item: T): void {
    if (this.#item !== undefined) {
      this.#dropped += 1;
      this.#release(this.#item);
    }
    this.#item = item;
  }

  /** Takes the item out; the caller now owns it. */
  take(): T | undefined {
    const item = this.#item;
    this.#item = undefined;
    return item;
  }

  /** Releases the item without counting it as dropped. */
  clear(): void {
    const item = this.take();
    if (item !== undefined) this.#release(item);
  }
}
