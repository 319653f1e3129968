import type { PassageItem } from '../../../contract/passages.js';
import type { FetchedList } from '../../api/use-fetched.js';
import type en from '../../messages/en/passages.json';
import { type Column, LongTable } from '../../parts/long-table.js';
import { OutcomeBadge, reasonWord } from '../../parts/terms.js';
import type { Cameras } from '../../parts/use-cameras.js';
import { clockSeconds, dayOf, number } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import { isReadable } from './passage-filters.js';
import { whoOf } from './who.js';

const t = wordsOf<typeof en>('passages');

/** Passages as rows, for dense reading. */
export function PassageTable({
  list,
  cameras,
}: {
  readonly list: FetchedList<PassageItem>;
  readonly cameras: Cameras;
}) {
  return (
    <LongTable
      caption={t('title')}
      list={list}
      columns={columnsWith(cameras)}
      keyOf={({ number: key }) => key}
      empty={t('empty')}
    />
  );
}

const columnsWith = ({ nameOf }: Cameras): readonly Column<PassageItem>[] => [
  {
    key: 'time',
    head: t('time'),
    cell: (passage) => (
      <a href={`/passages/${passage.id}`}>
        {isReadable(passage)
          ? `${dayOf(passage.startedAt)} ${clockSeconds(passage.startedAt)}`
          : t('unreadable')}
      </a>
    ),
  },
  {
    key: 'outcome',
    head: t('outcome'),
    cell: (passage) => isReadable(passage) && <OutcomeBadge outcome={passage.outcome} />,
  },
  { key: 'who', head: t('who'), cell: (passage) => isReadable(passage) && whoOf(passage) },
  {
    key: 'reason',
    head: t('reason'),
    isMinor: true,
    cell: (passage) => isReadable(passage) && reasonWord(passage.reason),
  },
  {
    key: 'camera',
    head: t('camera'),
    isMinor: true,
    cell: (passage) => isReadable(passage) && nameOf(passage.camera),
  },
  {
    key: 'in-sight',
    head: t('in-sight'),
    isMinor: true,
    isFigure: true,
    cell: (passage) =>
      isReadable(passage) && t('seconds', { value: number(passage.inSightS, { maximumFractionDigits: 1 }) }),
  },
];
