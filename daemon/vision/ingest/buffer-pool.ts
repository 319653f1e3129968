/**
 * Most pictures of a camera in memory: one being read, three waiting, one being analysed, one in which the detector still looks, one kept
 * for comparison.
 */
export const usualBuffers = 7;

/**
 * Reusable picture buffers, all of one size: allocating 3 MB for every picture of 1080p would be expensive. All threads share
 * their memory, so that networks run on a picture in another thread without copying it.
 */
export class BufferPool {
  readonly #limit: number;
  #free: Uint8Array[] = [];
  #size = 0;
  #lent = 0;

  /** `limit`: the most buffers in use at a time. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A buffer of exactly `size` bytes with arbitrary content, or undefined when `limit` are in use. */
  take(size: number): Uint8Array | undefined {
    if (this.#lent >= this.#limit) return undefined;
    if (size !== this.#size) {
      this.#free = [];
      this.#size = size;
    }
    this.#lent += 1;
    return this.#free.pop() ?? new Uint8Array(new SharedArrayBuffer(size));
  }

  /** Returns a buffer to the pool, which drops buffers of an earlier size. */
  giveBack(buffer: Uint8Array): void {
    this.#lent -= 1;
    if (buffer.length === this.#size) this.#free.push(buffer);
  }
}
