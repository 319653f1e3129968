/** Selects the frames to analyse; remembers when the last one was due. */
export interface FrameSchedule {
  readonly lastDueMs: number | undefined;
}

export const initialSchedule: FrameSchedule = { lastDueMs: undefined };

/** A frame may be early by this share of an interval, because time stamps of cameras jitter. */
export const earlyPart = 0.15;
/** A delay up to this share of an interval is compensated, to keep the mean rate: 25 is not a multiple of 15. */
export const latePart = 0.5;

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

/** A face that waits for a mesh fit in this frame. */
interface WaitingFace {
  readonly widthPx: number;
  /** Time of the last mesh fit; undefined: none yet. */
  readonly lastFitMs: number | undefined;
}

/**
 * Chooses at most `budget` faces, so that a crowd does not extend the time of a frame. Half of the places go to the largest
 * faces: they are at the door, and blink detection needs every frame of them. The other faces take turns, the longest waiting
 * first. Returns indices, ascending.
 */
export function selectFits(faces: readonly WaitingFace[], budget: number): readonly number[] {
  const indices = faces.map((_, index) => index);
  const widthOf = (index: number): number => faces[index]?.widthPx ?? 0;
  const lastFitOf = (index: number): number => faces[index]?.lastFitMs ?? Number.NEGATIVE_INFINITY;
  const bySize = [...indices].sort((a, b) => widthOf(b) - widthOf(a));
  const largest = bySize.slice(0, Math.ceil(budget / 2));
  const turn = indices
    .filter((index) => !largest.includes(index))
    .sort((a, b) => compareTimes(lastFitOf(a), lastFitOf(b)) || widthOf(b) - widthOf(a))
    .slice(0, budget - largest.length);
  return [...largest, ...turn].sort((a, b) => a - b);
}

function compareTimes(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
