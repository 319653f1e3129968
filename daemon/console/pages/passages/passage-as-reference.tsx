import type { PassageDetails, PassageItem } from '../../../contract/passages.js';
import { call } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useAct } from '../../api/use-fetched.js';
import type en from '../../messages/en/passages.json';
import { Confirm } from '../../parts/dialog.js';
import { Fault } from '../../parts/fault.js';
import { say } from '../../parts/notes.js';
import { Section } from '../../parts/page.js';
import { wordsOf } from '../../words/words.js';
import { isReadable, whoOf } from './passage-item.js';

const t = wordsOf<typeof en>('passages');

/** One that may become a reference, as far as a list tells. */
export const mayAddReference = (passage: PassageItem): boolean =>
  can('persons:write', 'passages:pictures') &&
  isReadable(passage) &&
  passage.end !== undefined &&
  passage.outcome === 'attended';

async function add(passage: string): Promise<void> {
  const { retired } = await call('passages.add-reference', { passage });
  const link = { href: `/passages/${passage}`, text: t('to-unmark') };
  say(t(retired === undefined ? 'reference-added' : 'reference-added-for'), link);
}

interface PassageReferenceProps {
  readonly passage: PassageDetails;
  readonly onChanged: () => void;
}

/** Offers the picture of a passage as a photo of the person, and to take that back: each with one click. */
export function PassageReference({ passage, onChanged }: PassageReferenceProps) {
  const doing = useAct();
  const { id, reference, person } = passage;
  if (reference === undefined || person === undefined || !can('passages:pictures')) return null;
  const { photograph, refusal } = reference;
  const run = (work: () => Promise<unknown>): void =>
    void doing.run(async () => {
      await work();
      onChanged();
    });
  return (
    <Section title={t('reference')}>
      {photograph !== undefined ? (
        <>
          <p>{t('reference-is', { who: whoOf(passage) })}</p>
          <button
            type="button"
            class="secondary"
            aria-busy={doing.isRunning}
            onClick={() =>
              run(async () => {
                await call('passages.remove-reference', { passage: id });
                say(t('reference-removed'));
              })
            }
          >
            {t('reference-remove')}
          </button>
        </>
      ) : refusal !== undefined ? (
        <p class="quiet">{t(`reference-${refusal}`)}</p>
      ) : (
        <>
          <p>{t('reference-lead', { who: whoOf(passage) })}</p>
          <button type="button" aria-busy={doing.isRunning} onClick={() => run(() => add(id))}>
            {t('reference-add')}
          </button>
        </>
      )}
      <Fault error={doing.fault} />
    </Section>
  );
}

/** Asks before the picture of a passage in a list becomes a photo of the person. */
export function AddReference({
  passage,
  onClose,
}: {
  readonly passage: PassageItem;
  readonly onClose: () => void;
}) {
  return (
    <Confirm
      title={t('reference-add')}
      act={t('reference-add')}
      onAct={() => add(passage.id)}
      onClose={onClose}
    >
      <p>{t('reference-lead', { who: isReadable(passage) ? whoOf(passage) : '' })}</p>
    </Confirm>
  );
}
