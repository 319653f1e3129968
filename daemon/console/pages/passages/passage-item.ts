import type { PassageItem, ReadablePassage } from '../../../contract/passages.js';
import type en from '../../messages/en/passages.json';
import { shortId } from '../../parts/short-id.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('passages');

/** Who a passage was, as the box says: a name, an id, or a stranger. Empty if it does not know. */
export function whoOf({ person, stranger }: Pick<ReadablePassage, 'person' | 'stranger'>): string {
  if (person !== undefined) return person.name ?? person.id;
  return stranger === undefined
    ? ''
    : t('stranger-visit', { id: shortId(stranger.id), visit: stranger.visit });
}

/** False for a passage whose content the box cannot open. */
export const isReadable = (passage: PassageItem): passage is ReadablePassage => !('unreadable' in passage);
