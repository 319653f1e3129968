/** Which frames of a source are analysed: remembers when the last one was due. */
export interface FrameSchedule {
  readonly lastDueMs: number | undefined;
}

export const initialSchedule: FrameSchedule = { lastDueMs: undefined };

/** A frame may come this part of an interval early: the time stamps of cameras jitter. */
const earlyPart = 0.15;
/** Lateness up to this part of an interval is made up for: 15 does not divide 25, yet the mean rate is kept. */
const latePart = 0.5;

/**
 * Decides by time stamps alone, so that a file and a camera give the same answer: the schedule after analysing the
 * frame captured at `atMs`, or undefined where the frame is skipped. The mean rate is `fps` where the source is
 * faster; a pause is not made up for.
 */
export function takeFrame(schedule: FrameSchedule, atMs: number, fps: number): FrameSchedule | undefined {
  if (schedule.lastDueMs === undefined) return { lastDueMs: atMs };
  const intervalMs = 1000 / fps;
  const dueMs = schedule.lastDueMs + intervalMs;
  if (atMs < dueMs - intervalMs * earlyPart) return undefined;
  return { lastDueMs: Math.max(dueMs, atMs - intervalMs * latePart) };
}
