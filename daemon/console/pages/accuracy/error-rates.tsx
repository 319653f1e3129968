import type { Output } from '../../api/request.js';
import { Curves } from '../../charts/curves.js';
import type en from '../../messages/en/accuracy.json';
import { Empty, Facts } from '../../parts/page.js';
import { Table } from '../../parts/table.js';
import { number, percent } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('accuracy');

/** Rows of the table that says the same as the curves. */
const mostRows = 20;

/** The detection error trade-off of the gallery: both error rates by threshold. */
export function ErrorRates({ report }: { readonly report: Output<'reports.accuracy'> }) {
  const { det, threshold, margin, targetFpir, expectedFpir, expectedFnir, persons, recogniser } = report;
  const { points, inForce } = det;
  const series = [
    { label: t('fmr'), values: points.map(({ fmr }) => fmr) },
    { label: t('fnmr'), values: points.map(({ fnmr }) => fnmr) },
  ];
  const x = points.map((point) => point.threshold);
  const rate = (share: number, [from, to]: readonly number[]): string =>
    t('rate-between', { share: percent(share, 3), from: percent(from ?? 0, 2), to: percent(to ?? 1, 2) });
  const every = Math.ceil(points.length / mostRows);
  return (
    <>
      <Facts
        of={[
          [t('recogniser'), recogniser],
          [t('persons'), number(persons)],
          [t('threshold'), number(threshold)],
          [t('margin'), number(margin)],
          [t('target'), targetFpir === undefined ? t('target-off') : percent(targetFpir, 3)],
          [t('expected-fpir'), expectedFpir === undefined ? t('too-few') : percent(expectedFpir, 3)],
          [t('expected-fnir'), expectedFnir === undefined ? undefined : percent(expectedFnir, 3)],
          [t('comparisons'), t('comparisons-of', { genuine: det.genuine, impostor: det.impostor })],
          [t('fmr'), inForce && rate(inForce.fmr, inForce.fmrInterval)],
          [t('fnmr'), inForce && rate(inForce.fnmr, inForce.fnmrInterval)],
        ]}
      />
      {points.length < 2 ? (
        <Empty>{t('no-curve')}</Empty>
      ) : (
        <>
          <Curves label={t('curve-label')} x={x} xLabel={t('threshold')} series={series} marked={threshold} />
          <p class="quiet">{t('curve-note')}</p>
          <details>
            <summary>{t('as-table')}</summary>
            <Table
              label={t('as-table')}
              items={points.filter((_, index) => index % every === 0)}
              keyOf={({ threshold }) => threshold}
              columns={[
                { head: t('threshold'), cell: ({ threshold }) => number(threshold) },
                { head: t('fmr'), cell: ({ fmr }) => percent(fmr, 3) },
                { head: t('fnmr'), cell: ({ fnmr }) => percent(fnmr, 3) },
              ]}
            />
          </details>
        </>
      )}
    </>
  );
}
