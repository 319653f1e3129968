import { useSignal } from '@preact/signals';
import { simplifiedName } from '../../kernel/persons/simplified-name.js';
import { can } from '../api/session.js';
import { useFetched } from '../api/use-fetched.js';
import type en from '../messages/en/parts.json';
import { wordsOf } from '../words/words.js';
import { ComboBox } from './combo-box.js';
import { Field } from './form-fields.js';
import { noteName, usePersonName } from './person-link.js';
import { PersonPicture } from './shown-picture.js';
import { type Query, useSettled } from './use-query.js';

const t = wordsOf<typeof en>('parts');

/** Persons offered at a time: one types more of the name to see others. */
const most = 8;

interface PersonFilterProps {
  readonly query: Query;
  readonly label: string;
}

/** Chooses a person by name or external ID, as `person` of the address. A user who may not read persons types an ID. */
export function PersonFilter({ query, label }: PersonFilterProps) {
  return can('persons:read') ? (
    <PersonByName query={query} label={label} />
  ) : (
    <Field label={label} {...query.bound('person')} />
  );
}

function PersonByName({ query, label }: PersonFilterProps) {
  const id = query.get('person');
  const name = usePersonName(id);
  /** Undefined while the field shows the chosen person. */
  const typed = useSignal<string | undefined>(undefined);
  const text = useSettled(typed.value?.trim() ?? '');
  const { value, isLoading } = useFetched(
    'persons.list',
    { limit: most, sort: 'name', text },
    { isWanted: text !== '' },
  );
  const wanted = simplifiedName(typed.value ?? '');
  // What was found for the letters before stays until the box has answered, as far as it still matches.
  const found = (value?.items ?? []).filter(
    (person) => simplifiedName(person.name).includes(wanted) || person.externalId === typed.value?.trim(),
  );
  const isOpen = wanted !== '';
  return (
    <ComboBox
      label={label}
      value={typed.value ?? name ?? id}
      onValue={(next) => {
        typed.value = next;
        if (next === '' && id !== '') query.set({ person: '' });
      }}
      groups={[{ items: isOpen ? found : [] }]}
      keyOf={(person) => person.id}
      show={(person) => (
        <span class="with-face">
          <PersonPicture id={person.id} photographId={person.photographId} />
          <span>
            {person.name}
            {person.externalId !== undefined && <small>{person.externalId}</small>}
          </span>
        </span>
      )}
      onChoose={(person) => {
        typed.value = undefined;
        noteName(person);
        query.set({ person: person.id });
      }}
      isOpen={isOpen}
      onClose={() => {
        typed.value = undefined;
      }}
      status={statusOf(
        found.length,
        isLoading || text !== typed.value?.trim(),
        value?.nextCursor !== undefined,
      )}
    />
  );
}

function statusOf(count: number, isSearching: boolean, hasMore: boolean): string {
  if (count === 0) return t(isSearching ? 'loading' : 'no-person');
  return hasMore ? t('more-persons') : '';
}
