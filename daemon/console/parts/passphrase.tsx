import { useSignal } from '@preact/signals';
import type en from '../messages/en/parts.json';
import { wordsOf } from '../words/words.js';
import { Field } from './form-fields.js';

const t = wordsOf<typeof en>('parts');

interface NewPassphraseProps {
  readonly label: string;
  readonly hint: string;
  readonly value: string;
  /** `isSame`: it was typed twice the same. */
  readonly onValue: (value: string, isSame: boolean) => void;
}

/** Asks twice for a new passphrase, which the box could not recover after a typing error. */
export function NewPassphrase({ label, hint, value, onValue }: NewPassphraseProps) {
  const again = useSignal('');
  return (
    <>
      <Field
        label={label}
        hint={hint}
        type="password"
        autocomplete="new-password"
        required
        value={value}
        onValue={(next) => onValue(next, next === again.value)}
      />
      <Field
        label={t('passphrase-again')}
        type="password"
        autocomplete="new-password"
        required
        wrong={again.value !== '' && again.value !== value ? t('passphrase-differs') : undefined}
        value={again.value}
        onValue={(next) => {
          again.value = next;
          onValue(value, next === value);
        }}
      />
    </>
  );
}
