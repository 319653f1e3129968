import { useSignal } from '@preact/signals';
import { type CustomField, longestFieldId, mostFields } from '../../../kernel/persons/custom-fields.js';
import { simplifiedName } from '../../../kernel/persons/simplified-name.js';
import type en from '../../messages/en/configuration.json';
import { bound, Field } from '../../parts/form-fields.js';
import { Icon } from '../../parts/icon.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('configuration');

interface FieldsEditorProps {
  readonly title: string;
  readonly fields: readonly CustomField[];
  readonly disabled: boolean;
  readonly onFields: (fields: readonly CustomField[]) => void;
}

/** Defines the custom fields of persons. Values are stored under the ID of a field, which stays when its name changes. */
export function FieldsEditor({ title, fields, disabled, onFields }: FieldsEditorProps) {
  const added = useSignal('');
  const rename = (renamed: string, name: string): void =>
    onFields(fields.map((each) => (each.id === renamed ? { ...each, name } : each)));
  const add = (event: Event): void => {
    event.preventDefault();
    const name = added.value.trim();
    if (name !== '') onFields([...fields, { id: freeId(name, fields), name }]);
    added.value = '';
  };
  return (
    <fieldset disabled={disabled}>
      <legend>{title}</legend>
      <p class="quiet">{t('fields-lead')}</p>
      {fields.map(({ id, name }) => (
        <div class="filters" key={id}>
          <Field
            label={t('field-of', { id })}
            maxLength={100}
            value={name}
            onValue={(text) => rename(id, text)}
          />
          <button
            type="button"
            class="plain"
            aria-label={t('remove-field', { field: name })}
            onClick={() => onFields(fields.filter((each) => each.id !== id))}
          >
            <Icon name="close" />
          </button>
        </div>
      ))}
      {fields.length < mostFields && (
        <form class="filters" onSubmit={add}>
          <Field label={t('new-field')} maxLength={100} {...bound(added)} />
          <button type="submit" class="secondary small">
            {t('add-field')}
          </button>
        </form>
      )}
    </fieldset>
  );
}

/** An ID that no other field has, from the letters and digits of the name. */
function freeId(name: string, fields: readonly CustomField[]): string {
  const plain = simplifiedName(name)
    .replaceAll('ß', 'ss')
    .replaceAll(/[^a-z0-9]+/g, '_')
    .replace(/^[^a-z]+/, '')
    .slice(0, longestFieldId - 3)
    .replace(/_$/, '');
  const first = plain === '' ? 'field' : plain;
  let id = first;
  for (let number = 2; fields.some((each) => each.id === id); number += 1) id = `${first}_${number}`;
  return id;
}
