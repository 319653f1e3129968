import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/now.json';
import { Loaded, PageHead } from '../../parts/page.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('now');

/** What happens at the box at this moment. */
export default function Now() {
  const status = useFetched('status.show', {}, { everyMs: 5000 });
  return (
    <>
      <PageHead title={t('title')} />
      <Loaded of={status}>{({ version }) => <p>{version}</p>}</Loaded>
    </>
  );
}
