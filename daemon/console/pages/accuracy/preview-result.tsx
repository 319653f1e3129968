import type { PassageOutcome } from '../../../kernel/passage-outcome.js';
import type { Output } from '../../api/call.js';
import type en from '../../messages/en/accuracy.json';
import { Wide } from '../../parts/page.js';
import { PreviewDoubts } from '../../parts/preview-doubts.js';
import { OutcomeBadge, outcomeWord, reasonWord } from '../../parts/terms.js';
import { dayAndTime, number } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('accuracy');

type Answer = Output<'reports.preview'>;
type Policy = Answer['policies'][number];

/** Changed passages that are shown of each policy. */
const mostShown = 20;

/** What the passages were, and what each policy would have made of them. */
export function PreviewResult({ answer }: { readonly answer: Answer }) {
  const { recorded, policies, passages, unreadable } = answer;
  const found = [recorded, ...policies.map(({ byOutcome }) => byOutcome)];
  const outcomes = [...new Set(found.flatMap((counts) => Object.keys(counts)))] as readonly PassageOutcome[];
  const names = policies.map((_, index) => t(index === 0 ? 'policy-a' : 'policy-b'));
  return (
    <>
      <h3>{t('result', { passages })}</h3>
      {unreadable > 0 && <p class="quiet">{t('unreadable', { count: unreadable })}</p>}
      <Wide label={t('policies')}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('outcome')}</th>
              <th scope="col" class="figure">
                {t('recorded')}
              </th>
              {names.map((name) => (
                <th key={name} scope="col" class="figure">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {outcomes.map((outcome) => (
              <tr key={outcome}>
                <th scope="row">
                  <OutcomeBadge outcome={outcome} />
                </th>
                <td class="figure">{number(recorded[outcome] ?? 0)}</td>
                {policies.map(({ byOutcome }, index) => (
                  <td key={names[index]} class="figure">
                    {number(byOutcome[outcome] ?? 0)}
                  </td>
                ))}
              </tr>
            ))}
            <tr>
              <th scope="row">{t('changed')}</th>
              <td />
              {policies.map(({ changed }, index) => (
                <td key={names[index]} class="figure">
                  {number(changed.length)}
                </td>
              ))}
            </tr>
            <tr>
              <th scope="row">{t('unknown')}</th>
              <td />
              {policies.map(({ unknown }, index) => (
                <td key={names[index]} class="figure">
                  {number(unknown.length)}
                </td>
              ))}
            </tr>
          </tbody>
        </table>
      </Wide>
      <div class="versus">
        {policies.map((policy, index) => (
          <Changes key={names[index]} title={names[index] ?? ''} policy={policy} />
        ))}
      </div>
    </>
  );
}

function Changes({
  title,
  policy: { changed, unknown },
}: {
  readonly title: string;
  readonly policy: Policy;
}) {
  return (
    <section aria-label={title}>
      <h4>{title}</h4>
      {changed.length === 0 && <p>{t('nothing-changed')}</p>}
      <ul>
        {changed.slice(0, mostShown).map(({ id, startedAt, camera, recorded, wouldBe }) => (
          <li key={id}>
            <a href={`/passages/${id}`}>{t('passage-at', { time: dayAndTime(startedAt), camera })}</a>{' '}
            {t('from-to', {
              from: outcomeWord(recorded.outcome),
              to: outcomeWord(wouldBe.outcome),
              who: wouldBe.person?.name ?? wouldBe.person?.id ?? 'none',
            })}
            : {reasonWord(wouldBe.reason)}
          </li>
        ))}
      </ul>
      {changed.length > mostShown && (
        <p class="quiet">{t('and-more', { count: changed.length - mostShown })}</p>
      )}
      <PreviewDoubts unknown={unknown} />
    </section>
  );
}
