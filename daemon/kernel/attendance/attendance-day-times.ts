import type { Mark } from './attendance-day-marks.js';
import type { Pairing, ShiftOnDay } from './shift.js';

/** The times of a stay, milliseconds. */
export interface StayTimes {
  readonly firstInMs: number | undefined;
  readonly lastOutMs: number | undefined;
  /** Total time of presence. */
  readonly presentMs: number;
  /** Time of absence between the first in and the last out. */
  readonly awayMs: number;
  /** The person came and has not left. */
  readonly isOpen: boolean;
  /** No in or out is missing. An open stay may still become whole. */
  readonly isWhole: boolean;
}

/** Two marks within this time are one coming or leaving at two cameras. */
const repeatMs = 60_000;

/**
 * Whether the times of a stay come from attendances with proof of life. If two marks are one (`repeatMs`), one with proof is
 * enough. With `first-in-last-out` only the first in and the last out need proof, with `pairs` every mark.
 * @param marks - of one stay, in order
 */
export function areProven(
  marks: readonly Mark[],
  { firstInMs, lastOutMs }: StayTimes,
  pairing: Pairing,
): boolean {
  const proven = marks.filter(({ isProven = true }) => isProven);
  return marks
    .filter(({ atMs }) => pairing === 'pairs' || atMs === firstInMs || atMs === lastOutMs)
    .every(({ atMs }) => proven.some((mark) => Math.abs(mark.atMs - atMs) <= repeatMs));
}

/** @param marks - of one stay, in order */
export function timesOf(marks: readonly Mark[], pairing: Pairing, on: ShiftOnDay | undefined): StayTimes {
  const settled = settleSingle(withoutRepeats(marks), on);
  return pairing === 'pairs' ? byPairs(settled) : byFirstAndLast(settled);
}

function withoutRepeats(marks: readonly Mark[]): readonly Mark[] {
  let lastMs = Number.NEGATIVE_INFINITY;
  return marks.filter(({ atMs, direction }) => {
    if (direction === 'both' && atMs - lastMs <= repeatMs) return false;
    lastMs = atMs;
    return true;
  });
}

/** A single mark with the direction `both` is a leaving if it is nearer to the end of the shift than to its beginning. */
function settleSingle(marks: readonly Mark[], on: ShiftOnDay | undefined): readonly Mark[] {
  const [only, ...others] = marks;
  if (only === undefined || others.length > 0 || only.direction !== 'both') return marks;
  const isLeaving = on !== undefined && only.atMs - on.startMs > on.endMs - only.atMs;
  return [{ atMs: only.atMs, direction: isLeaving ? 'out' : 'in' }];
}

function byFirstAndLast(marks: readonly Mark[]): StayTimes {
  const firstIn = marks.find(({ direction }) => direction !== 'out');
  const sinceIn = marks.filter(({ atMs }) => firstIn === undefined || atMs > firstIn.atMs);
  const lastOut = sinceIn.findLast(({ direction }) => direction !== 'in');
  const isOpen = sinceIn.some(
    ({ atMs, direction }) => direction === 'in' && lastOut !== undefined && atMs > lastOut.atMs,
  );
  const startsIn = marks[0]?.direction !== 'out';
  return {
    firstInMs: firstIn?.atMs,
    lastOutMs: lastOut?.atMs,
    presentMs: firstIn === undefined || lastOut === undefined ? 0 : lastOut.atMs - firstIn.atMs,
    awayMs: 0,
    isOpen: isOpen || (firstIn !== undefined && lastOut === undefined),
    isWhole: startsIn && lastOut !== undefined && !isOpen,
  };
}

function byPairs(marks: readonly Mark[]): StayTimes {
  let inMs: number | undefined;
  let firstInMs: number | undefined;
  let lastOutMs: number | undefined;
  let lastMs = Number.NEGATIVE_INFINITY;
  let presentMs = 0;
  let isWhole = true;
  for (const { atMs, direction } of marks) {
    const isIn: boolean = direction === 'both' ? inMs === undefined : direction === 'in';
    const isExpected = isIn === (inMs === undefined);
    const isRepeat = atMs - lastMs <= repeatMs;
    lastMs = atMs;
    if (!isExpected && isRepeat) continue;
    if (!isExpected) isWhole = false;
    if (isIn) {
      inMs ??= atMs;
      firstInMs ??= atMs;
    } else {
      presentMs += inMs === undefined ? 0 : atMs - inMs;
      inMs = undefined;
      lastOutMs = atMs;
    }
  }
  const isOpen = inMs !== undefined;
  const isAfterIn = firstInMs === undefined || lastOutMs === undefined || lastOutMs > firstInMs;
  const spanMs = firstInMs === undefined || lastOutMs === undefined ? 0 : lastOutMs - firstInMs;
  return {
    firstInMs,
    lastOutMs: isAfterIn ? lastOutMs : undefined,
    presentMs,
    awayMs: isAfterIn ? spanMs - presentMs : 0,
    isOpen,
    isWhole: isWhole && !isOpen,
  };
}
