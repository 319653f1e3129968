import { operational } from '../../base/errors.js';
import { systemClock as clock } from '../../host/system-clock.js';
import type { Report } from '../../vision/protocol.js';

/** Models are loaded within this, also at a load of ten; below `TimeoutStartSec` of the systemd unit. */
const startDeadlineMs = 100_000;
const pollMs = 50;

/** One vision process, or several as one. */
export interface StartingVision {
  readonly isRunning: boolean;
  /** What a process named as the reason it cannot run. */
  readonly failure: Extract<Report, { type: 'failed' }> | undefined;
}

/**
 * Resolves when every vision process has loaded its models, or when `signal` aborts. What a process names as its reason
 * for not starting (a required provider, a missing model) is thrown: it is nothing to retry for ever.
 */
export async function untilVisionRuns(vision: StartingVision, signal: AbortSignal): Promise<undefined> {
  const deadlineMs = clock.monotonicMs() + startDeadlineMs;
  while (!vision.isRunning && !signal.aborted) {
    const { failure } = vision;
    if (failure !== undefined) throw operational(failure.code, failure.message, { remedy: failure.remedy });
    if (clock.monotonicMs() > deadlineMs) {
      throw operational('vision-not-starting', 'the vision processes did not become ready', {
        remedy: 'read the log for what they said; check the memory and load of the machine',
      });
    }
    await new Promise<void>((resolve) => clock.after(pollMs, resolve));
  }
  return undefined;
}
