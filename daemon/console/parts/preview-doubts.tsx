import type { Output } from '../api/call.js';
import type en from '../messages/en/doubts.json';
import { wordsOf } from '../words/words.js';

const t = wordsOf<typeof en>('doubts');

type Unknown = Output<'reports.preview'>['policies'][number]['unknown'];

/** Of how many passages the box cannot say what they would have become, by reason. */
export function PreviewDoubts({ unknown }: { readonly unknown: Unknown }) {
  const doubts = new Map<Unknown[number]['doubt'], number>();
  for (const { doubt } of unknown) doubts.set(doubt, (doubts.get(doubt) ?? 0) + 1);
  if (doubts.size === 0) return null;
  return (
    <>
      <p>{t('unknown-lead')}</p>
      <ul>
        {[...doubts].map(([doubt, count]) => (
          <li key={doubt}>{t(`doubt-${doubt}`, { count })}</li>
        ))}
      </ul>
    </>
  );
}
