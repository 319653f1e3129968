import type { Report } from '../../contract/vision/vision-reports.js';
import { systemClock as clock } from '../../host/system-clock.js';
import { RollcallError } from '../../kernel/errors.js';
import { failure } from '../../words/errors.js';

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
    if (vision.failure !== undefined) throw new RollcallError({ kind: 'operational', ...vision.failure });
    if (clock.monotonicMs() > deadlineMs) {
      throw failure('vision-not-starting');
    }
    await new Promise<void>((resolve) => clock.after(pollMs, resolve));
  }
  return undefined;
}
