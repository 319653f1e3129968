/**
 * Lends buffers for the inputs of a network. Calls overlap while a run is in progress, so each call has a buffer of its own. New
 * megabytes for each call would keep the garbage collector busy, so buffers are used again.
 */
export class InputBuffers {
  readonly #free: Float32Array[] = [];

  /** Lends `samples` numbers with any content until `work` has ended. */
  async lend<T>(samples: number, work: (data: Float32Array) => Promise<T>): Promise<T> {
    const last = this.#free.pop();
    const buffer = last !== undefined && last.length >= samples ? last : new Float32Array(samples);
    try {
      return await work(buffer.subarray(0, samples));
    } finally {
      this.#free.push(buffer);
    }
  }
}
