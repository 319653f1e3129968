import { useSignal } from '@preact/signals';
import type { PersonDetail } from '../../../contract/person.js';
import { call } from '../../api/call.js';
import { useAct } from '../../api/use-fetched.js';
import type en from '../../messages/en/person-form.json';
import { Dialog } from '../../parts/dialog.js';
import { Form } from '../../parts/form.js';
import { say } from '../../parts/notes.js';
import { wordsOf } from '../../words/words.js';
import { changeOf, draftOf } from './profile-draft.js';
import { ProfileFields } from './profile-fields.js';
import { TakenId } from './refusal.js';

const t = wordsOf<typeof en>('person-form');

interface EditPersonProps {
  readonly person: PersonDetail;
  readonly onChanged: (person: PersonDetail) => void;
  /** Fetches the person again: another user has changed them. */
  readonly onAnew: () => Promise<void>;
  readonly onClose: () => void;
}

/** Changes the profile of a person, unless another user has changed it meanwhile. */
export function EditPerson({ person, onChanged, onAnew, onClose }: EditPersonProps) {
  const draft = useSignal(draftOf(person));
  const holder = useSignal<string | undefined>(undefined);
  const doing = useAct();
  const save = (): void => {
    holder.value = undefined;
    void doing.run(async () => {
      const change = changeOf(person, draft.value);
      const result = await call('persons.update', { id: person.id, ifRevision: person.revision, ...change });
      if (result.outcome === 'external-id-taken') {
        holder.value = result.personId;
        return;
      }
      say(t('saved'));
      onChanged(result.person);
      onClose();
    });
  };
  const anew = async (): Promise<void> => {
    await onAnew();
    onClose();
  };
  return (
    <Dialog title={t('edit')} onClose={onClose}>
      <Form act={t('save')} onAct={save} doing={doing} onAnew={() => void anew()} onCancel={onClose}>
        <ProfileFields
          draft={draft.value}
          onChange={(changed) => {
            draft.value = changed;
          }}
        />
        {holder.value !== undefined && <TakenId holder={holder.value} />}
      </Form>
    </Dialog>
  );
}
