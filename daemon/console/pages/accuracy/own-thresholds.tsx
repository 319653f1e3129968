import type { Output } from '../../api/request.js';
import type en from '../../messages/en/accuracy.json';
import { Empty, Wide } from '../../parts/page.js';
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
      <Wide label={t('own-thresholds')}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('person')}</th>
              <th scope="col" class="figure">
                {t('threshold')}
              </th>
              <th scope="col">{t('why')}</th>
              <th scope="col" class="figure minor">
                {t('fmr')}
              </th>
              <th scope="col" class="figure minor">
                {t('fnmr')}
              </th>
            </tr>
          </thead>
          <tbody>
            {ownThresholds.map(({ person, threshold: own, reason, fmr, fnmr }) => (
              <tr key={person.id}>
                <th scope="row">{person.name ?? person.id}</th>
                <td class="figure">{number(own)}</td>
                <td>{t(`threshold-${reason}`)}</td>
                <td class="figure minor">{rate(fmr)}</td>
                <td class="figure minor">{rate(fnmr)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Wide>
    </>
  );
}
