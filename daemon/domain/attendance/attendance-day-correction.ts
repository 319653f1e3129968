import { inOrder, type Mark, type Stay, staysOf } from './attendance-day-marks.js';
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

/** The stays of one person with the corrected times in place of the recorded ones: of a day, the first in and the last out. */
export function correctedStays(
  marks: readonly Mark[],
  corrections: ReadonlyMap<string, DayCorrection>,
  calendar: ShiftCalendar,
): readonly Stay[] {
  const stays = staysWithMissed(marks, corrections, calendar);
  const corrected = stays.map((stay, index) => {
    const { inMs, outMs } = corrections.get(stay.date) ?? {};
    const isFirst = stays.findIndex(({ date }) => date === stay.date) === index;
    const isLast = stays.findLastIndex(({ date }) => date === stay.date) === index;
    const withIn = inMs !== undefined && isFirst ? withFirstIn(stay.marks, inMs) : stay.marks;
    const all = outMs !== undefined && isLast ? withLastOut(withIn, outMs) : withIn;
    return { ...stay, marks: inOrder(all) };
  });
  const added = [...corrections].flatMap(([date, correction]): Stay[] => {
    const given = correctedMarks(correction);
    if (given.length === 0 || stays.some((stay) => stay.date === date)) return [];
    return [{ date, on: nearestShift(given, calendar.on(date)), marks: inOrder(given) }];
  });
  return refitted([...corrected, ...added], calendar);
}

/**
 * A day of which nothing was seen but what was taken for the next one, as when the in of a night is missing: corrected times
 * are looks like any other there, and what follows them finds its place.
 */
function staysWithMissed(
  marks: readonly Mark[],
  corrections: ReadonlyMap<string, DayCorrection>,
  calendar: ShiftCalendar,
): readonly Stay[] {
  let known = marks;
  let stays = staysOf(marks, calendar);
  for (const [date, correction] of corrections) {
    const given = correctedMarks(correction);
    if (given.length === 0 || stays.some((stay) => stay.date === date)) continue;
    const more = [...known, ...given];
    const tried = staysOf(more, calendar);
    if (!tried.some((stay) => stay.date === date)) continue;
    known = more;
    stays = tried;
  }
  return stays;
}

function correctedMarks({ inMs, outMs }: DayCorrection): readonly Mark[] {
  return [
    ...(inMs === undefined ? [] : [{ atMs: inMs, direction: 'in' } as const]),
    ...(outMs === undefined ? [] : [{ atMs: outMs, direction: 'out' } as const]),
  ];
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
  const distance = ({ startMs, endMs }: ShiftOnDay): number => {
    const fromStart = Math.abs(first.atMs - startMs);
    const fromEnd = Math.abs(last.atMs - endMs);
    // One look for both ways is a coming or a leaving.
    if (first === last && first.direction === 'both') return Math.min(fromStart, fromEnd);
    return (first.direction === 'out' ? 0 : fromStart) + (last.direction === 'in' ? 0 : fromEnd);
  };
  return shifts.reduce<ShiftOnDay | undefined>(
    (best, each) => (best === undefined || distance(each) < distance(best) ? each : best),
    undefined,
  );
}
