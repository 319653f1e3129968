const firstPollMs = 25;
/** What is waited for for long is asked for less often: the asking takes processor time from what is waited for. */
const lastPollMs = 100;

/**
 * How long a test waits for a fact before it fails. The same for all facts: a test that expects one of them sooner depends on how
 * busy the machine is.
 */
export const patienceMs = 240_000;

/** Waits until `isTrue` returns true. Rejects after `deadlineMs` with `what` in the message. Tests leave the deadline as it is. */
export async function until(
  what: string,
  isTrue: () => boolean | Promise<boolean>,
  deadlineMs = patienceMs,
): Promise<void> {
  // The time of day may be set meanwhile, and tests do so.
  const deadline = performance.now() + deadlineMs;
  for (let pollMs = firstPollMs; !(await isTrue()); pollMs = Math.min(pollMs * 1.2, lastPollMs)) {
    if (performance.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
}
