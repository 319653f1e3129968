import type { PassageDetails, PassageItem } from '../../../contract/passages.js';
import { call } from '../../api/call.js';
import { can } from '../../api/session.js';
import type en from '../../messages/en/passages.json';
import { ActionBar } from '../../parts/actions.js';
import { Confirm } from '../../parts/dialog.js';
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
  const { id, reference, person } = passage;
  if (reference === undefined || person === undefined || !can('passages:pictures')) return null;
  const { photograph, refusal } = reference;
  const isReference = photograph !== undefined;
  const remove = async (): Promise<void> => {
    await call('passages.remove-reference', { passage: id });
    say(t('reference-removed'));
  };
  return (
    <Section title={t('reference')}>
      {!isReference && refusal !== undefined ? (
        <p class="quiet">{t(`reference-${refusal}`)}</p>
      ) : (
        <p>{t(isReference ? 'reference-is' : 'reference-lead', { who: whoOf(passage) })}</p>
      )}
      <ActionBar
        place="start"
        of={[
          { text: t('reference-remove'), isOffered: isReference, onAct: remove, onDone: onChanged },
          {
            text: t('reference-add'),
            look: 'primary',
            isOffered: !isReference && refusal === undefined,
            onAct: () => add(id),
            onDone: onChanged,
          },
        ]}
      />
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
