/** A running timer; cancelling twice is harmless. */
export interface Timer {
  cancel(): void;
}

/**
 * Time as a dependency. Durations and deadlines use `monotonicMs`; `wallMs` is only for records and messages. Tests and the
 * replay command advance a clock of their own.
 */
export interface Clock {
  /** Milliseconds on a clock that never jumps; shared by all processes of one boot on the real adapter. */
  monotonicMs(): number;
  /** Milliseconds since the Unix epoch; may jump. */
  wallMs(): number;
  /** Calls back once after `delayMs` (>= 0). */
  after(delayMs: number, callback: () => void): Timer;
}

/** Resolves after `delayMs` on `clock`; rejects with the signal's reason when it aborts first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const onAbort = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.after(delayMs, () => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    });
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}
