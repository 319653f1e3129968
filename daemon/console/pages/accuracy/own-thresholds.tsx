import type { Output } from '../../api/request.js';
import type en from '../../messages/en/accuracy.json';
import { Empty } from '../../parts/page.js';
import { Table } from '../../parts/table.js';
import { number, percent } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('accuracy');

/** The persons for whom the box is stricter. */
export function OwnThresholds({ report }: { readonly report: Output<'reports.accuracy'> }) {
  const { ownThresholds, ownThresholdCount, threshold } = report;
  if (ownThresholds.length === 0) {
    return <Empty>{t('no-own-thresholds', { threshold: number(threshold) })}</Empty>;
  }
  const rate = (share: number | undefined): string => (share === undefined ? '' : percent(share, 3));
  return (
    <>
      <p class="quiet">
        {t('own-thresholds-lead', { shown: ownThresholds.length, total: ownThresholdCount })}
      </p>
      <Table
        label={t('own-thresholds')}
        items={ownThresholds}
        keyOf={({ person }) => person.id}
        columns={[
          { head: t('person'), cell: ({ person }) => person.name ?? person.id },
          { head: t('threshold'), isFigure: true, cell: ({ threshold: own }) => number(own) },
          { head: t('why'), cell: ({ reason }) => t(`threshold-${reason}`) },
          { head: t('fmr'), isFigure: true, isMinor: true, cell: ({ fmr }) => rate(fmr) },
          { head: t('fnmr'), isFigure: true, isMinor: true, cell: ({ fnmr }) => rate(fnmr) },
        ]}
      />
    </>
  );
}
