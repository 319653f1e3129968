/** Reusable picture buffers of one size at a time. A picture of 1080p is 3 MB: making them anew is not free. */
export class BufferPool {
  readonly #limit: number;
  #free: Uint8Array[] = [];
  #size = 0;
  #lent = 0;

  /** At most `limit` buffers are lent at a time. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** A buffer of exactly `size` bytes with arbitrary content, or undefined when all are lent. */
  take(size: number): Uint8Array | undefined {
    if (this.#lent >= this.#limit) return undefined;
    if (size !== this.#size) {
      this.#free = [];
      this.#size = size;
    }
    this.#lent += 1;
    return this.#free.pop() ?? new Uint8Array(new ArrayBuffer(size));
  }

  /** Takes a buffer back; one of an earlier size is not kept. */
  giveBack(buffer: Uint8Array): void {
    this.#lent -= 1;
    if (buffer.length === this.#size) this.#free.push(buffer);
  }
}
