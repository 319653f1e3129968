import type { Clock } from '../../kernel/clock.js';

/** Runs `work` with a signal that aborts with `late()` after `limitMs`, or when `signal` aborts. */
export async function withDeadline<T>(
  options: {
    readonly clock: Clock;
    readonly limitMs: number;
    readonly signal: AbortSignal;
    readonly late: () => Error;
  },
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { clock, limitMs, signal, late } = options;
  const abort = new AbortController();
  const timer = clock.after(limitMs, () => abort.abort(late()));
  const onAbort = (): void => abort.abort(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await work(abort.signal);
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', onAbort);
  }
}
