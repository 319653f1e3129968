import { useSignal } from '@preact/signals';
import type en from '../../messages/en/backups.json';
import { bound } from '../../parts/bound.js';
import { Choice, Field } from '../../parts/field.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('backups');

/** What opens a backup, as a user enters it. */
export interface Opening {
  /** The secret as a part of the request. */
  readonly secret: () => { readonly recoverySecret: string } | { readonly passphrase: string };
  readonly fields: preact.JSX.Element;
}

export function useOpening(): Opening {
  const kind = useSignal<'recoverySecret' | 'passphrase'>('recoverySecret');
  const secret = useSignal('');
  const isPassphrase = kind.value === 'passphrase';
  return {
    secret: () => (isPassphrase ? { passphrase: secret.value } : { recoverySecret: secret.value }),
    fields: (
      <>
        <Choice
          label={t('opens')}
          value={kind.value}
          options={[
            ['recoverySecret', t('opens-key')],
            ['passphrase', t('opens-passphrase')],
          ]}
          onValue={(value) => {
            kind.value = value;
            secret.value = '';
          }}
        />
        <Field
          label={t(isPassphrase ? 'passphrase' : 'recovery-secret')}
          hint={isPassphrase ? undefined : t('recovery-secret-hint')}
          type="password"
          autocomplete="off"
          required
          {...bound(secret)}
        />
      </>
    ),
  };
}

/** What one does with a backup that has to be opened for it. */
export type OpeningAct = 'verify' | 'restore';
/** Opens the dialog of the act. */
export type Asking = (act: OpeningAct, id: string) => () => void;

interface KeptActsProps {
  readonly id: string;
  readonly isBusy: boolean;
  readonly onAsk: Asking;
}

export function KeptActs({ id, isBusy, onAsk }: KeptActsProps) {
  return (['verify', 'restore'] as const).map((act) => (
    <button key={act} type="button" class="secondary" disabled={isBusy} onClick={onAsk(act, id)}>
      {t(act)}
    </button>
  ));
}
