import type { PersonDetail } from '../../../contract/person.js';
import { useList } from '../../api/use-fetched.js';
import type en from '../../messages/en/person.json';
import { Fault, sentence } from '../../parts/fault.js';
import { Empty, Loading, Section } from '../../parts/page.js';
import { OutcomeBadge } from '../../parts/terms.js';
import { useCameras } from '../../parts/use-cameras.js';
import { dayAndTime } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('person');

const latest = 5;

/** When and where cameras saw the person last. */
export function PersonPassages({ person: { id } }: { readonly person: PersonDetail }) {
  const cameras = useCameras();
  const { items, isLoading, fault, reload } = useList('passages.list', { person: id, limit: latest });
  return (
    <Section title={t('passages')} acts={<a href={`/passages?person=${id}`}>{t('all-passages')}</a>}>
      <Fault error={fault} onRetry={() => void reload()} />
      {items.length === 0 &&
        fault === undefined &&
        (isLoading ? <Loading /> : <Empty>{t('no-passages')}</Empty>)}
      <ul class="rows">
        {items.map((passage) =>
          'unreadable' in passage ? (
            <li key={passage.id}>{t('unreadable-passage')}</li>
          ) : (
            <li key={passage.id}>
              <span class="grows">
                <a href={`/passages/${passage.id}`}>{dayAndTime(passage.startedAt)}</a>{' '}
                {cameras.nameOf(passage.camera)}
                <small>{sentence(passage.sentence)}</small>
              </span>
              <OutcomeBadge outcome={passage.outcome} />
            </li>
          ),
        )}
      </ul>
    </Section>
  );
}
