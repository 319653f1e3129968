import type { Report } from '../../contract/vision/vision-reports.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { operational } from '../../kernel/errors.js';

/** Enough to load models at a load of ten. Shorter than `TimeoutStartSec` of the systemd unit. */
const startDeadlineMs = 100_000;
const pollMs = 50;

/** One vision process, or several together. */
export interface StartingVision {
  readonly isRunning: boolean;
  /** The reason that a process gave for not running. */
  readonly failure: Extract<Report, { type: 'failed' }> | undefined;
}

/**
 * Resolves when every vision process has loaded its models, or when `signal` aborts. Throws the reason that a process gives for
 * not starting (a required provider, a missing model), because a retry would not help.
 */
export async function untilVisionRuns(vision: StartingVision, signal: AbortSignal): Promise<undefined> {
  const deadlineMs = clock.monotonicMs() + startDeadlineMs;
  while (!vision.isRunning && !signal.aborted) {
    const { failure } = vision;
    if (failure !== undefined) throw operational(failure.code, failure.message, { remedy: failure.remedy });
    if (clock.monotonicMs() > deadlineMs) {
      throw operational('vision-not-starting', 'the vision processes did not become ready', {
        remedy: 'Read the log of the vision processes; check the memory and load of the machine.',
      });
    }
    await new Promise<void>((resolve) => clock.after(pollMs, resolve));
  }
  return undefined;
}
