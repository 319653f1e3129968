import { isApiError } from '../../api/api-error.js';

/** Without a time that the box names. */
const usualWaitS = 5;

interface PatientOptions {
  /** Ends the patience: the work is not begun again after it. */
  readonly signal: AbortSignal;
  /** `ms`: milliseconds. */
  readonly wait?: (ms: number) => Promise<unknown>;
}

/**
 * Does the work, and again while the box has had enough requests: someone who answers faster than the box takes answers does not have
 * to wait, the answers do.
 * @throws what the work throws, and the reason of the signal
 */
export async function patiently<Outcome>(
  work: () => Promise<Outcome>,
  { signal, wait = pause }: PatientOptions,
): Promise<Outcome> {
  for (;;) {
    signal.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      if (!isApiError(error, 'rate-limited')) throw error;
      await wait(1000 * Number(error.details['retryAfterS'] ?? usualWaitS));
    }
  }
}

const pause = (ms: number): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, ms));
