import type { TimelinePassage } from '../../../contract/passages.js';
import { type PassageOutcome, passageOutcomes } from '../../../kernel/passage-outcome.js';
import { lengthOf, type TimeSpan } from './time-view.js';

/** A passage with its time as a number. */
export interface TimedPassage extends TimelinePassage {
  readonly atMs: number;
}

/** Passages of a lane that are too near to each other for marks of their own. */
export interface MarkGroup {
  /** The time in the middle of which the mark stands. */
  readonly span: TimeSpan;
  /** In the order of time; never empty. */
  readonly passages: readonly TimedPassage[];
}

/** Lengths of the times that share a mark. Round ones, so that marks stay where they are while the view moves. */
const stepsS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];

/** The length of the times that share a mark, so that marks are at least `leastPx` apart. */
export function groupMs(
  view: TimeSpan,
  { widthPx, leastPx }: { readonly widthPx: number; readonly leastPx: number },
): number {
  const wantedMs = (lengthOf(view) * leastPx) / Math.max(1, widthPx);
  return (stepsS.find((each) => each * 1000 >= wantedMs) ?? 14_400) * 1000;
}

/** The passages of a lane, in the order of time, by the times that share a mark. */
export function groupsOf(
  passages: readonly TimedPassage[],
  { fromMs }: TimeSpan,
  stepMs: number,
): readonly MarkGroup[] {
  const groups = new Map<number, TimedPassage[]>();
  for (const passage of passages) {
    const index = Math.floor((passage.atMs - fromMs) / stepMs);
    const group = groups.get(index);
    if (group === undefined) groups.set(index, [passage]);
    else group.push(passage);
  }
  return [...groups].map(([index, members]) => {
    const begin = fromMs + index * stepMs;
    return { span: { fromMs: begin, toMs: begin + stepMs }, passages: members };
  });
}

/** A group is drawn as the most telling of its outcomes. */
const weights: Readonly<Record<PassageOutcome, number>> = {
  ...{ attack: 6, refused: 5, ambiguous: 4, unproven: 3, stranger: 2, attended: 1 },
  undecided: 0,
};
const byWeight = passageOutcomes.toSorted((one, other) => weights[other] - weights[one]);

/** How many passages of a group have each outcome, the most telling first. */
export function outcomesOf({
  passages,
}: Pick<MarkGroup, 'passages'>): readonly (readonly [outcome: PassageOutcome, count: number])[] {
  return byWeight
    .map((outcome) => [outcome, passages.filter((each) => each.outcome === outcome).length] as const)
    .filter(([, count]) => count > 0);
}

/** The passage of a lane that is nearest to a time. */
export function nearestTo(passages: readonly TimedPassage[], atMs: number): TimedPassage | undefined {
  let low = 0;
  let high = passages.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((passages[middle]?.atMs ?? Infinity) < atMs) low = middle + 1;
    else high = middle;
  }
  const [before, after] = [passages[low - 1], passages[low]];
  if (before === undefined || after === undefined) return before ?? after;
  return atMs - before.atMs <= after.atMs - atMs ? before : after;
}
