import type en from '../../../messages/en/cameras.json';
import { wordsOf } from '../../../words/words.js';
import type { AreaKind } from './area-draft.js';

const t = wordsOf<typeof en>('cameras');

/** What an area is, and its name if it has one. */
export function areaTitle(kind: AreaKind, name = ''): string {
  return name === '' ? t(`area-${kind}`) : t('area-named', { kind: t(`area-${kind}`), name });
}
