/** Selects the frames to analyse; remembers when the last one was due. */
export interface FrameSchedule {
  readonly lastDueMs: number | undefined;
}

export const initialSchedule: FrameSchedule = { lastDueMs: undefined };

/** A frame may be early by this share of an interval, because time stamps of cameras jitter. */
const earlyPart = 0.15;
/** A delay up to this share of an interval is compensated, to keep the mean rate: 25 is not a multiple of 15. */
const latePart = 0.5;

/**
 * The schedule after analysing the frame captured at `atMs`, or undefined to skip the frame. It depends on time stamps only, so
 * that a file and a camera give the same result. The mean rate is `fps` if the source is faster; a pause is not compensated.
 */
export function takeFrame(schedule: FrameSchedule, atMs: number, fps: number): FrameSchedule | undefined {
  if (schedule.lastDueMs === undefined) return { lastDueMs: atMs };
  const intervalMs = 1000 / fps;
  const dueMs = schedule.lastDueMs + intervalMs;
  if (atMs < dueMs - intervalMs * earlyPart) return undefined;
  return { lastDueMs: Math.max(dueMs, atMs - intervalMs * latePart) };
}
