import type { TimelinePassage } from '../../../contract/passages.js';
import type { TimedPassage } from './mark-groups.js';
import type { TimeSpan } from './time-view.js';

/** A passage that the box told of as it ended. `heardMs`: when, by `performance.now()`. */
export interface EndedPassage {
  readonly passage: TimelinePassage;
  readonly heardMs: number;
}

interface DayLines {
  readonly fetched: readonly TimelinePassage[];
  /** When they were asked for, by `performance.now()`. */
  readonly askedMs: number;
  readonly ended: readonly EndedPassage[];
}

/**
 * The passages of a day, in the order of time. What the box told before it was asked is in the answer, unless it is gone, or a
 * person in it. What it told after that is newer than the answer, which may have the face still in sight.
 */
export function passagesOf({ fetched, askedMs, ended }: DayLines, day: TimeSpan): readonly TimedPassage[] {
  const newer = ended.filter(({ heardMs }) => heardMs >= askedMs).map(({ passage }) => passage);
  const byId = new Map([...fetched, ...newer].map((passage) => [passage.id, passage]));
  return [...byId.values()]
    .map((passage) => ({ ...passage, atMs: Date.parse(passage.startedAt) }))
    .filter(({ atMs }) => day.fromMs <= atMs && atMs < day.toMs)
    .sort((one, other) => one.atMs - other.atMs);
}
