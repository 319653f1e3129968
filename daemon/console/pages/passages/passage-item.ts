import type { PassageItem, ReadablePassage } from '../../../contract/passages.js';
import { passageOutcomes } from '../../../kernel/passage-outcome.js';
import { passageReasons } from '../../../kernel/passages/passage-reason.js';
import type en from '../../messages/en/passages.json';
import type { Query } from '../../parts/use-query.js';
import { laterDay, startOfDay } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('passages');

/** Who a passage was, as the box says: a name, an id, or a stranger. Empty if it does not know. */
export function whoOf({ person, stranger }: Pick<ReadablePassage, 'person' | 'stranger'>): string {
  if (person !== undefined) return person.name ?? person.id;
  return stranger === undefined
    ? ''
    : t('stranger-visit', { id: shortId(stranger.id), visit: stranger.visit });
}

/** Enough of the id of a stranger to tell them apart: they have no names. */
export const shortId = (id: string): string => id.slice(0, 6);

export type PassageFilters = ReturnType<typeof filtersOf>;

/** The filters in the address of the page, as `passages.list` takes them. */
export function filtersOf({ get }: Query) {
  const outcome = passageOutcomes.find((each) => each === get('outcome'));
  const reason = passageReasons.find((each) => each === get('reason'));
  const [camera, person, stranger] = [get('camera'), get('person'), get('stranger')];
  const [since, until] = [get('since'), get('until')];
  return {
    ...(outcome !== undefined && { outcome }),
    ...(reason !== undefined && { reason }),
    ...(camera !== '' && { camera }),
    ...(person !== '' && { person }),
    ...(stranger !== '' && { stranger }),
    ...(since !== '' && { since: startOfDay(since) }),
    ...(until !== '' && { until: startOfDay(laterDay(until, 1)) }),
    ...(get('marked') !== '' && { marked: 'only' as const }),
  };
}

/** False for a passage whose content the box cannot open. */
export const isReadable = (passage: PassageItem): passage is ReadablePassage => !('unreadable' in passage);
