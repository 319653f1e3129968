import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { PersonSummary } from '../../contract/person.js';
import { useFetched } from '../api/use-fetched.js';
import type en from '../messages/en/parts.json';
import { wordsOf } from '../words/words.js';
import { Field, into } from './form-fields.js';
import { Fault } from './shown-fault.js';
import { PersonPicture } from './shown-picture.js';
import { useSettled } from './use-query.js';

const t = wordsOf<typeof en>('parts');

/** Persons shown at a time: one types more of the name to see others. */
const shown = 8;

interface PersonChoiceProps {
  readonly label: string;
  readonly chosen: PersonSummary | undefined;
  readonly onChoose: (person: PersonSummary) => void;
}

/** Finds a person by name or external id, with a picture beside each name. Needs `persons:read`. */
export function PersonChoice({ label, chosen, onChoose }: PersonChoiceProps) {
  const typed = useSignal('');
  const name = useId();
  const text = useSettled(typed.value.trim());
  const { value, fault, isLoading } = useFetched('persons.list', {
    ...{ limit: shown, sort: 'name' },
    ...(text !== '' && { text }),
  });
  const found = value?.items ?? [];
  return (
    <div class="person-choice">
      <Field label={label} type="search" value={typed.value} autocomplete="off" onValue={into(typed)} />
      <Fault error={fault} />
      <fieldset aria-busy={isLoading}>
        <legend class="unseen">{label}</legend>
        {found.map((person) => (
          <label key={person.id} class="tick person">
            <input
              type="radio"
              name={name}
              checked={chosen?.id === person.id}
              onChange={() => onChoose(person)}
            />
            <PersonPicture id={person.id} photographId={person.photographId} />
            <span>
              {person.name}
              {person.externalId !== undefined && <span class="quiet"> · {person.externalId}</span>}
            </span>
          </label>
        ))}
      </fieldset>
      <p class="quiet" role="status">
        {value !== undefined && found.length === 0 && t('no-person')}
        {value?.nextCursor !== undefined && t('more-persons')}
      </p>
    </div>
  );
}
