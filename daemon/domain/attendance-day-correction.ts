import type { Stay } from './attendance-day-marks.js';
import { inOrder, type Mark } from './attendance-day-marks.js';
import type { ShiftCalendar, ShiftOnDay } from './shift.js';

/** What a person in charge puts right about somebody's day. */
export type CorrectionKind = 'in' | 'out' | 'absence-excused' | 'as-recorded';

/** A correction as the rules need it. */
export interface Correction {
  readonly kind: CorrectionKind;
  /** The day it is about. */
  readonly date: string;
  /** Of `in` and `out`: the instant that counts instead. */
  readonly atMs: number | null;
}

/** What holds for a day after all its corrections. */
export interface DayCorrection {
  readonly inMs?: number;
  readonly outMs?: number;
  readonly isExcused: boolean;
}

/** What holds for each corrected day: the last of each kind, and none from before an `as-recorded`. */
export function correctionsByDate(corrections: readonly Correction[]): ReadonlyMap<string, DayCorrection> {
  const days = new Map<string, DayCorrection>();
  for (const { kind, date, atMs } of corrections) {
    const before = days.get(date) ?? { isExcused: false };
    if (kind === 'as-recorded') days.delete(date);
    else if (kind === 'absence-excused') days.set(date, { ...before, isExcused: true });
    else if (atMs !== null) days.set(date, { ...before, [kind === 'in' ? 'inMs' : 'outMs']: atMs });
  }
  return days;
}

/** Stays with the corrected times in place of the recorded ones: of a day, the first in and the last out. */
export function correctedStays(
  stays: readonly Stay[],
  corrections: ReadonlyMap<string, DayCorrection>,
  calendar: ShiftCalendar,
): readonly Stay[] {
  const corrected = stays.map((stay, index) => {
    const { inMs, outMs } = corrections.get(stay.date) ?? {};
    const isFirst = stays.findIndex(({ date }) => date === stay.date) === index;
    const isLast = stays.findLastIndex(({ date }) => date === stay.date) === index;
    const withIn = inMs !== undefined && isFirst ? withFirstIn(stay.marks, inMs) : stay.marks;
    const marks = outMs !== undefined && isLast ? withLastOut(withIn, outMs) : withIn;
    return { ...stay, marks: inOrder(marks) };
  });
  const added = [...corrections].flatMap(([date, { inMs, outMs }]): Stay[] => {
    if (stays.some((stay) => stay.date === date)) return [];
    const marks: Mark[] = [];
    if (inMs !== undefined) marks.push({ atMs: inMs, direction: 'in' });
    if (outMs !== undefined) marks.push({ atMs: outMs, direction: 'out' });
    return marks.length === 0
      ? []
      : [{ date, on: nearestShift(marks, calendar.on(date)), marks: inOrder(marks) }];
  });
  return refitted([...corrected, ...added], calendar);
}

function withFirstIn(marks: readonly Mark[], inMs: number): readonly Mark[] {
  const replaced = marks[0];
  const isReplaced = replaced?.direction === 'in' || (replaced?.direction === 'both' && marks.length > 1);
  const rest = (isReplaced ? marks.slice(1) : marks).filter(({ atMs }) => atMs > inMs);
  return [{ atMs: inMs, direction: 'in' }, ...rest];
}

function withLastOut(marks: readonly Mark[], outMs: number): readonly Mark[] {
  const replaced = marks.at(-1);
  const isReplaced = replaced?.direction === 'out' || (replaced?.direction === 'both' && marks.length > 1);
  const rest = (isReplaced ? marks.slice(0, -1) : marks).filter(({ atMs }) => atMs < outMs);
  return [...rest, { atMs: outMs, direction: 'out' }];
}

/** Once all of a stay is known, another shift of the day may fit it better: one that begins alike and ends later. */
function refitted(stays: readonly Stay[], calendar: ShiftCalendar): readonly Stay[] {
  const taken = new Set<ShiftOnDay>(stays.flatMap(({ on }) => on ?? []));
  return stays.map((stay) => {
    const { on, date, marks } = stay;
    if (on === undefined) return stay;
    const free = calendar.on(date).filter((each) => each === on || !taken.has(each));
    const better = nearestShift(marks, free) ?? on;
    taken.delete(on);
    taken.add(better);
    return { ...stay, on: better };
  });
}

function nearestShift(marks: readonly Mark[], shifts: readonly ShiftOnDay[]): ShiftOnDay | undefined {
  const ordered = inOrder(marks);
  const first = ordered[0];
  const last = ordered.at(-1);
  if (first === undefined || last === undefined) return undefined;
  const distance = ({ startMs, endMs }: ShiftOnDay): number =>
    (first.direction === 'out' ? 0 : Math.abs(first.atMs - startMs)) +
    (last.direction === 'in' || (last === first && first.direction === 'both')
      ? 0
      : Math.abs(last.atMs - endMs));
  return shifts.reduce<ShiftOnDay | undefined>(
    (best, each) => (best === undefined || distance(each) < distance(best) ? each : best),
    undefined,
  );
}
