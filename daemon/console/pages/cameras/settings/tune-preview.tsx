import type { PassagesPreview } from '../../../../contract/reports.js';
import type { PassageOutcome } from '../../../../kernel/passage-outcome.js';
import type en from '../../../messages/en/cameras.json';
import { PreviewDoubts } from '../../../parts/preview-doubts.js';
import { OutcomeBadge } from '../../../parts/terms.js';
import { dayAndTime, number } from '../../../time/site-time.js';
import { wordsOf } from '../../../words/words.js';

const t = wordsOf<typeof en>('cameras');

/** Changed passages that are shown; the page of accuracy shows all. */
const most = 8;

/** What the last passages of the camera would have become. */
export function TunePreview({ preview }: { readonly preview: PassagesPreview }) {
  const [policy] = preview.policies;
  if (policy === undefined) return null;
  const { changed, unknown } = policy;
  return (
    <div role="status" class="tune-preview">
      <p>
        {t('preview-result', {
          ...{ passages: preview.passages, changed: changed.length, unknown: unknown.length },
        })}
      </p>
      <Counts recorded={preview.recorded} after={policy.byOutcome} />
      {changed.length > 0 && (
        <ul class="plain-list">
          {changed.slice(0, most).map(({ id, startedAt, recorded, wouldBe }) => (
            <li key={id}>
              <a href={`/passages/${encodeURIComponent(id)}`}>{dayAndTime(startedAt)}</a>{' '}
              <OutcomeBadge outcome={recorded.outcome} /> → <OutcomeBadge outcome={wouldBe.outcome} />
            </li>
          ))}
        </ul>
      )}
      <PreviewDoubts unknown={unknown} />
    </div>
  );
}

type ByOutcome = PassagesPreview['recorded'];

function Counts({ recorded, after }: { readonly recorded: ByOutcome; readonly after: ByOutcome }) {
  // Object.keys forgets that the keys are outcomes.
  const outcomes = [...new Set([...Object.keys(recorded), ...Object.keys(after)])] as PassageOutcome[];
  if (outcomes.length === 0) return null;
  return (
    <div class="table">
      <table>
        <caption class="unseen">{t('preview-table')}</caption>
        <thead>
          <tr>
            <th scope="col">{t('outcome')}</th>
            <th scope="col" class="figure">
              {t('recorded')}
            </th>
            <th scope="col" class="figure">
              {t('would-be')}
            </th>
          </tr>
        </thead>
        <tbody>
          {outcomes.map((outcome) => (
            <tr key={outcome}>
              <th scope="row">
                <OutcomeBadge outcome={outcome} />
              </th>
              <td class="figure">{number(recorded[outcome] ?? 0)}</td>
              <td class="figure">{number(after[outcome] ?? 0)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
