import type { Direction } from '../events/event.js';
import { longestLeadMs, type ShiftCalendar, type ShiftOnDay } from './shift.js';

/** Somebody was seen at a door. */
export interface Mark {
  /** Wall clock, milliseconds since the epoch. */
  readonly atMs: number;
  readonly direction: Direction;
  /** Absent: the person was live, or somebody in charge gave the time. */
  readonly isProven?: boolean;
}

/** The marks of one coming and leaving, and what it was for. */
export interface Stay {
  /** The day it counts for: that on which the shift began or, without a shift, of the first mark. */
  readonly date: string;
  readonly on: ShiftOnDay | undefined;
  /** In order. */
  readonly marks: readonly Mark[];
}

interface OpenStay {
  readonly date: string;
  on: ShiftOnDay | undefined;
  readonly marks: Mark[];
}

/** Who is seen leaving so long after coming, without a shift, has been there all the time. */
const longestOffShiftMs = 16 * 3_600_000;

const rank: Readonly<Record<Direction, number>> = { in: 0, both: 1, out: 2 };

/** In order of time; what was seen twice at one moment counts once. */
export function inOrder(marks: readonly Mark[]): readonly Mark[] {
  const sorted = marks.toSorted((a, b) => a.atMs - b.atMs || rank[a.direction] - rank[b.direction]);
  return sorted.filter(({ atMs, direction }, index) => {
    const before = sorted[index - 1];
    return before === undefined || before.atMs !== atMs || before.direction !== direction;
  });
}

/**
 * Divides what was seen of one person into stays. A mark goes on with the stay under way unless it fits another shift
 * better: then that shift's begins. A stay of a day without a shift ends with the day, or with who goes out after it.
 */
export function staysOf(marks: readonly Mark[], calendar: ShiftCalendar): readonly Stay[] {
  const stays: OpenStay[] = [];
  for (const mark of inOrder(marks)) {
    const current = stays.at(-1);
    if (current?.on !== undefined && mark.atMs < current.on.endMs) {
      current.marks.push(mark);
      continue;
    }
    const near = calendar.around(mark.atMs);
    if (current !== undefined && goesOn(current, mark, near, calendar)) current.marks.push(mark);
    else {
      const on = bestFit(mark, near);
      stays.push({ date: on?.date ?? calendar.localTime.at(mark.atMs).date, on, marks: [mark] });
    }
  }
  return stays;
}

function goesOn(stay: OpenStay, mark: Mark, near: readonly ShiftOnDay[], calendar: ShiftCalendar): boolean {
  const { on, marks } = stay;
  const isOpen = marks.at(-1)?.direction !== 'out';
  if (on === undefined) return goesOnOffShift(stay, mark, isOpen, near, calendar);
  if (!near.includes(on)) return false;
  if (mark.direction === 'out' && isOpen) return true;
  // Overtime, or early for the next one: what it is nearer to.
  const later = near.filter(({ startMs }) => startMs > on.startMs);
  const fitted = bestFit(mark, later);
  return fitted === undefined || distance(mark, fitted) >= mark.atMs - on.endMs;
}

function goesOnOffShift(
  { date, marks }: OpenStay,
  mark: Mark,
  isOpen: boolean,
  near: readonly ShiftOnDay[],
  calendar: ShiftCalendar,
): boolean {
  const beganMs = marks[0]?.atMs ?? mark.atMs;
  if (mark.direction === 'out' && isOpen && mark.atMs - beganMs <= longestOffShiftMs) return true;
  if (bestFit(mark, near) !== undefined) return false;
  return calendar.localTime.at(mark.atMs).date === date;
}

function bestFit(mark: Mark, near: readonly ShiftOnDay[]): ShiftOnDay | undefined {
  let best: ShiftOnDay | undefined;
  for (const each of near) {
    const far = distance(mark, each);
    if (far !== Number.POSITIVE_INFINITY && (best === undefined || far < distance(mark, best))) best = each;
  }
  return best;
}

/** How far a mark is from coming for a shift or leaving from it, milliseconds; infinite where it can be neither. */
function distance({ atMs, direction }: Mark, { startMs, endMs }: ShiftOnDay): number {
  const canCome = direction !== 'out' && startMs - longestLeadMs <= atMs && atMs < endMs;
  const canLeave = direction !== 'in' && startMs < atMs;
  return Math.min(
    canCome ? Math.abs(atMs - startMs) : Number.POSITIVE_INFINITY,
    // Where one shift follows another, who is seen for the first time comes rather than leaves.
    canLeave ? Math.abs(atMs - endMs) + (direction === 'both' ? 1 : 0) : Number.POSITIVE_INFINITY,
  );
}
