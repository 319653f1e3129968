import type { PassageOutcome } from '../../../kernel/passage-outcome.js';
import type en from '../../messages/en/timeline.json';
import { shortId } from '../../parts/short-id.js';
import { outcomeWord } from '../../parts/term-words.js';
import { wordsOf } from '../../words/words.js';
import type { BlindSpan } from './blind-spans.js';
import { outcomesOf, type TimedPassage } from './mark-groups.js';
import type { FoundMark } from './mark-order.js';
import { clockAt, endsOf } from './timeline-clock.js';

const t = wordsOf<typeof en>('timeline');

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
    return t('group', { ...endsOf(group.span), name, counts: countsText(outcomesOf(group)), place });
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
export function blindText(span: BlindSpan, nameOf: (camera: string) => string): string {
  const { camera, cause, code } = span.period;
  return t('blind-at', {
    name: camera === undefined ? t('site') : nameOf(camera),
    ...endsOf(span),
    why: [t(`blind-${cause}`), code && `(${code})`].filter(Boolean).join(' '),
  });
}
