import type { PassageOutcome } from '../../../kernel/passage-outcome.js';
import type en from '../../messages/en/timeline.json';
import { shortId } from '../../parts/short-id.js';
import { outcomeWord } from '../../parts/term-words.js';
import {
  clockInZone,
  clockSeconds,
  clockTime,
  laterDay,
  siteDay,
  startOfDay,
} from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import type { BlindSpan } from './blind-spans.js';
import { outcomesOf, type TimedPassage } from './mark-groups.js';
import type { FoundMark } from './mark-order.js';

const t = wordsOf<typeof en>('timeline');
const usualDayMs = 86_400_000;

/** The time of day, with its zone on a day on which the clock is changed: such a day may have an hour twice. */
export function clockAt(atMs: number): string {
  const day = siteDay(new Date(atMs));
  const lengthMs = Date.parse(startOfDay(laterDay(day, 1))) - Date.parse(startOfDay(day));
  const at = new Date(atMs);
  return lengthMs === usualDayMs ? clockSeconds(at) : clockInZone(at);
}

/** Who it was, as far as the box knows and the user may know; otherwise empty. */
export function whoIs({ person, stranger }: Pick<TimedPassage, 'person' | 'stranger'>): string {
  if (person !== undefined) return person.name ?? person.id;
  return stranger === undefined ? '' : t('stranger', { id: shortId(stranger) });
}

/** Counts by outcome: "12 Attended, 1 Attack". */
export const countsText = (counts: readonly (readonly [PassageOutcome, number])[]): string =>
  counts.map(([outcome, count]) => t('count-of', { count, outcome: outcomeWord(outcome) })).join(', ');

/** A mark in words: one passage, or all that it stands for. `lane`: the name of its lane. */
export function markText({ group, passage, lane }: FoundMark, name: string): string {
  const { passages } = group;
  const place = t('place', { place: lane.groups.indexOf(group) + 1, count: lane.groups.length });
  if (passages.length > 1) {
    const { fromMs, toMs } = group.span;
    const span = { from: clockTime(new Date(fromMs)), until: clockTime(new Date(toMs)) };
    return t('group', { ...span, name, counts: countsText(outcomesOf(group)), place });
  }
  const who = whoIs(passage);
  const outcome = outcomeWord(passage.outcome);
  return t('mark', {
    time: clockAt(passage.atMs),
    name,
    what: who === '' ? outcome : `${outcome}, ${who}`,
    place,
  });
}

/** When a camera saw nothing, and why. */
export function blindText({ fromMs, toMs, period }: BlindSpan, nameOf: (camera: string) => string): string {
  const { camera, cause, code } = period;
  return t('blind-at', {
    name: camera === undefined ? t('site') : nameOf(camera),
    from: clockTime(new Date(fromMs)),
    until: clockTime(new Date(toMs)),
    why: [t(`blind-${cause}`), code && `(${code})`].filter(Boolean).join(' '),
  });
}
