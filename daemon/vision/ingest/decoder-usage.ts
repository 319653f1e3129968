import { processorMs, residentBytes } from '../../host/process-facts.js';

/** What the FFmpeg processes of one camera use. */
export class DecoderUsage {
  /** Processor time of the running ones, when they were last seen, milliseconds. */
  readonly #running = new Map<number, number>();
  #endedMs = 0;

  started(pid: number): void {
    this.#running.set(pid, 0);
  }

  /** Processor time of all, milliseconds, and the memory of the running ones. What a process used between the last call and its end is lost. */
  read(): { readonly decoderMs: number; readonly decoderBytes: number } {
    let [decoderMs, decoderBytes] = [this.#endedMs, 0];
    for (const [pid, lastMs] of this.#running) {
      const [bytes, usedMs] = [residentBytes(pid), Math.max(lastMs, processorMs(pid))];
      decoderBytes += bytes;
      decoderMs += usedMs;
      if (bytes > 0) {
        this.#running.set(pid, usedMs);
      } else {
        this.#running.delete(pid);
        this.#endedMs += usedMs;
      }
    }
    return { decoderMs, decoderBytes };
  }
}
