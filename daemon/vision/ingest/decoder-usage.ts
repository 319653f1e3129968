import { processorMs, residentBytes } from '../../host/process-facts.js';

/** What the decoding processes of one camera have used, one after the other. */
export class DecoderUsage {
  #pid: number | undefined;
  /** Of the present process, when it was last seen. */
  #lastMs = 0;
  #earlierMs = 0;

  /** Another process decodes now. */
  started(pid: number): void {
    this.#earlierMs += this.#lastMs;
    this.#lastMs = 0;
    this.#pid = pid;
  }

  /** Processor time of all, milliseconds, and the memory of the present one. What a process used since the last call and its end is lost. */
  read(): { readonly decoderMs: number; readonly decoderBytes: number } {
    if (this.#pid === undefined) return { decoderMs: 0, decoderBytes: 0 };
    // 0 for a process that has ended.
    this.#lastMs = Math.max(this.#lastMs, processorMs(this.#pid));
    return { decoderMs: this.#earlierMs + this.#lastMs, decoderBytes: residentBytes(this.#pid) };
  }
}
