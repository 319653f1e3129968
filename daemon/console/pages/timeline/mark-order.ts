import { type MarkGroup, nearestTo, type TimedPassage } from './mark-groups.js';

/** The marks of a timeline as keys go through them: lanes from above, and in each the groups in the order of time. */
export interface Lane {
  /** The camera; empty for the lane of the whole site. */
  readonly id: string;
  readonly passages: readonly TimedPassage[];
  readonly groups: readonly MarkGroup[];
}

/** The mark that has the focus: the passage stays the same when the view changes, and with it the groups. */
export interface ChosenMark {
  readonly lane: string;
  readonly passage: string;
}

export interface FoundMark {
  readonly lane: Lane;
  readonly group: MarkGroup;
  readonly passage: TimedPassage;
}

/** Where a key leads. `time`: to the mark that is nearest to it. */
export type MarkStep =
  | { readonly to: 'next' | 'previous' | 'first' | 'last' | 'lane-above' | 'lane-below' }
  | { readonly to: 'time'; readonly atMs: number };

/** The chosen mark with its group. Undefined if it is not there, as after a change of the filters. */
export function findMark(lanes: readonly Lane[], chosen: ChosenMark | undefined): FoundMark | undefined {
  if (chosen === undefined) return undefined;
  const lane = lanes.find(({ id }) => id === chosen.lane) ?? laneWith(lanes, chosen.passage);
  const passage = lane?.passages.find(({ id }) => id === chosen.passage);
  return lane && passage && markOf(lane, passage);
}

const laneWith = (lanes: readonly Lane[], id: string): Lane | undefined =>
  lanes.find(({ passages }) => passages.some((each) => each.id === id));

function markOf(lane: Lane, passage: TimedPassage): FoundMark | undefined {
  const group = lane.groups.find(({ passages }) => passages.includes(passage));
  return group && { lane, group, passage };
}

/**
 * The mark to which a key leads; the same at an end. While none is chosen, keys lead into the first lane. `isDeepest`: nothing can
 * be shown larger, so that the passages of a group are gone through one by one.
 */
export function stepped(
  lanes: readonly Lane[],
  from: FoundMark | undefined,
  step: MarkStep,
  isDeepest: boolean,
): FoundMark | undefined {
  if (from === undefined) {
    const lane = lanes.find(({ passages }) => passages.length > 0);
    const target = lane && begin(lane.passages, step);
    return lane && target && markOf(lane, target);
  }
  const { lane, passage } = from;
  const here = (target: TimedPassage | undefined): FoundMark => (target && markOf(lane, target)) ?? from;
  switch (step.to) {
    case 'first':
      return here(lane.passages[0]);
    case 'last':
      return here(lane.passages.at(-1));
    case 'time':
      return here(nearestTo(lane.passages, step.atMs));
    case 'next':
    case 'previous':
      return here(besides(from, step.to === 'next' ? 1 : -1, isDeepest));
    case 'lane-above':
    case 'lane-below': {
      const place = lanes.indexOf(lane);
      const others = step.to === 'lane-below' ? lanes.slice(place + 1) : lanes.slice(0, place).toReversed();
      const next = others.find(({ passages }) => passages.length > 0);
      const target = next && nearestTo(next.passages, passage.atMs);
      return (next && target && markOf(next, target)) ?? from;
    }
  }
}

/** Where a key leads while no mark is chosen. */
function begin(passages: readonly TimedPassage[], step: MarkStep): TimedPassage | undefined {
  if (step.to === 'time') return nearestTo(passages, step.atMs);
  return step.to === 'last' ? passages.at(-1) : passages[0];
}

/** The next passage at the deepest, else the first passage of the next group. */
function besides({ lane, group, passage }: FoundMark, by: 1 | -1, isDeepest: boolean) {
  if (isDeepest) return lane.passages[lane.passages.indexOf(passage) + by];
  return lane.groups[lane.groups.indexOf(group) + by]?.passages[0];
}
