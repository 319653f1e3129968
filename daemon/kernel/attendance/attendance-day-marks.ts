import type { Direction } from '../events/event.js';
import { longestLeadMs, type ShiftCalendar, type ShiftOnDay } from './shift.js';

/** One attendance of a person at a camera. */
export interface Mark {
  /** Wall clock, milliseconds since the epoch. */
  readonly atMs: number;
  readonly direction: Direction;
  /** False: without proof of life. Absent: the person was live, or the time is a manual correction. */
  readonly isProven?: boolean;
}

/** The marks from one coming to the leaving, with their shift. */
export interface Stay {
  /** The day that it counts for: the day on which the shift began or, without a shift, the day of the first mark. */
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

/** Without a shift, a leaving within this time after the coming belongs to the same stay. */
const longestOffShiftMs = 16 * 3_600_000;

const rank: Readonly<Record<Direction, number>> = { in: 0, both: 1, out: 2 };

/** In order of time, without duplicates. */
export function inOrder(marks: readonly Mark[]): readonly Mark[] {
  const sorted = marks.toSorted((a, b) => a.atMs - b.atMs || rank[a.direction] - rank[b.direction]);
  return sorted.filter(({ atMs, direction }, index) => {
    const before = sorted[index - 1];
    return before === undefined || before.atMs !== atMs || before.direction !== direction;
  });
}

/**
 * Divides the marks of one person into stays. A mark continues the current stay unless it fits another shift better; then a new
 * stay begins. A stay without a shift ends with the day, or with a later mark of leaving.
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
    if (current !== undefined && continues(current, mark, near, calendar)) current.marks.push(mark);
    else {
      const on = bestFit(mark, near);
      stays.push({ date: on?.date ?? calendar.localTime.at(mark.atMs).date, on, marks: [mark] });
    }
  }
  return stays;
}

function continues(
  stay: OpenStay,
  mark: Mark,
  near: readonly ShiftOnDay[],
  calendar: ShiftCalendar,
): boolean {
  const { on, marks } = stay;
  const isOpen = marks.at(-1)?.direction !== 'out';
  if (on === undefined) return continuesOffShift(stay, mark, isOpen, near, calendar);
  if (!near.includes(on)) return false;
  if (mark.direction === 'out' && isOpen) return true;
  // Overtime, or early for the next shift: the nearer one counts.
  const later = near.filter(({ startMs }) => startMs > on.startMs);
  const fitted = bestFit(mark, later);
  return fitted === undefined || distance(mark, fitted) >= mark.atMs - on.endMs;
}

function continuesOffShift(
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

/** The distance of a mark from the beginning or the end of a shift, milliseconds; infinite if it can be neither. */
function distance({ atMs, direction }: Mark, { startMs, endMs }: ShiftOnDay): number {
  const canCome = direction !== 'out' && startMs - longestLeadMs <= atMs && atMs < endMs;
  const canLeave = direction !== 'in' && startMs < atMs;
  return Math.min(
    canCome ? Math.abs(atMs - startMs) : Number.POSITIVE_INFINITY,
    // If one shift follows another at once, a first mark is more likely a coming than a leaving.
    canLeave ? Math.abs(atMs - endMs) + (direction === 'both' ? 1 : 0) : Number.POSITIVE_INFINITY,
  );
}
