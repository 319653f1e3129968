import type { CameraId } from '../ids.js';
import { inOrder, type Mark, type Stay, staysOf } from './attendance-day-marks.js';
import type { ShiftCalendar, ShiftOnDay } from './shift.js';

/** The corrections of a day that an operator can ask for. */
export const requestedCorrections = ['in', 'out', 'absence-excused', 'as-recorded'] as const;
export type RequestedCorrection = (typeof requestedCorrections)[number];

/**
 * The kinds of manual correction of a day. `seen` and `not-seen`: an operator says of a passage that the person was, or was not, at
 * a camera at that time.
 */
export const correctionKinds = [...requestedCorrections, 'seen', 'not-seen'] as const;
export type CorrectionKind = (typeof correctionKinds)[number];

/** A correction, as far as the rules need it. */
export interface Correction {
  readonly kind: CorrectionKind;
  /** The corrected day. */
  readonly date: string;
  /** For `in` and `out`: the instant that counts instead. For `seen` and `not-seen`: when. */
  readonly atMs: number | null;
  /** For `seen` and `not-seen`: where. */
  readonly cameraId?: CameraId | null;
}

/** All corrections of a day together. */
interface DayCorrection {
  readonly inMs?: number;
  readonly outMs?: number;
  readonly isExcused: boolean;
  /** An attendance of the day was added or cancelled. */
  readonly isSeenOtherwise?: boolean;
}

/** The corrections by day: the last of each kind counts, and `as-recorded` cancels all earlier ones. */
export function correctionsByDate(corrections: readonly Correction[]): ReadonlyMap<string, DayCorrection> {
  const days = new Map<string, DayCorrection>();
  for (const { kind, date, atMs } of corrections) {
    const before = days.get(date) ?? { isExcused: false };
    if (kind === 'as-recorded') days.delete(date);
    else if (kind === 'absence-excused') days.set(date, { ...before, isExcused: true });
    else if (kind === 'seen' || kind === 'not-seen') days.set(date, { ...before, isSeenOtherwise: true });
    else if (atMs !== null) days.set(date, { ...before, [kind === 'in' ? 'inMs' : 'outMs']: atMs });
  }
  return days;
}

/** When and where a person was seen. */
interface Seen {
  readonly cameraId: CameraId;
  readonly atMs: number;
}

/**
 * The recorded attendances with what operators said of single ones: `seen` adds one, `not-seen` cancels one, and the last word
 * about a time at a camera counts. `as-recorded` cancels what was said before of its day.
 */
export function withMarkedPassages<Recorded extends Seen>(
  recorded: readonly Recorded[],
  corrections: readonly Correction[],
): readonly (Recorded | Seen)[] {
  const said = new Map<string, Seen & { readonly kind: CorrectionKind; readonly date: string }>();
  for (const { kind, date, atMs, cameraId } of corrections) {
    if (kind === 'as-recorded') {
      for (const [key, each] of said) if (each.date === date) said.delete(key);
    } else if ((kind === 'seen' || kind === 'not-seen') && atMs !== null && typeof cameraId === 'string') {
      said.set(keyOf({ cameraId, atMs }), { kind, date, cameraId, atMs });
    }
  }
  const known = new Set(recorded.map(keyOf));
  const kept = recorded.filter((each) => said.get(keyOf(each))?.kind !== 'not-seen');
  const added = [...said.values()].filter((each) => each.kind === 'seen' && !known.has(keyOf(each)));
  return [...kept, ...added.map(({ cameraId, atMs }) => ({ cameraId, atMs }))];
}

const keyOf = ({ cameraId, atMs }: Seen): string => `${cameraId} ${atMs}`;

/** The stays of one person with corrections: these replace the first in and the last out of a day. */
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
 * The stays, where corrected times also count as marks on a day that has a correction but no stay. If the in of a night shift is
 * missing, for example, its other marks were counted for the next day. With the corrected time they are assigned to its own day.
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

/** Chooses the shift of each stay again. With all marks known, a shift with the same beginning and a later end may fit better. */
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
    // A single mark with the direction `both` is a coming or a leaving.
    if (first === last && first.direction === 'both') return Math.min(fromStart, fromEnd);
    return (first.direction === 'out' ? 0 : fromStart) + (last.direction === 'in' ? 0 : fromEnd);
  };
  return shifts.reduce<ShiftOnDay | undefined>(
    (best, each) => (best === undefined || distance(each) < distance(best) ? each : best),
    undefined,
  );
}
