import { type KeyProviderKind, keyProviderKinds } from '../../../kernel/gallery/key-provider-kind.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/gallery.json';
import { Choice } from '../../parts/form-fields.js';
import { NewPassphrase } from '../../parts/passphrase.js';
import { Remedy, sentence } from '../../parts/shown-fault.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('gallery');

/** What a user has chosen for a new key. */
export interface KeyChoice {
  /** Empty: where the present key comes from. */
  readonly provider: KeyProviderKind | '';
  readonly passphrase: string;
  /** False while a needed passphrase has not been typed twice the same. */
  readonly isReady: boolean;
}

interface KeySourceProps {
  readonly choice: KeyChoice;
  readonly onChoice: (choice: KeyChoice) => void;
  /** Where the present key comes from; absent in a gallery without one. */
  readonly present?: KeyProviderKind | undefined;
}

/** Asks where a new key comes from, and for its passphrase. Says which sources this machine cannot use. */
export function KeySource({ choice, onChoice, present }: KeySourceProps) {
  const reports = useFetched('keys.providers', {}, { isWanted: can('keys:read') });
  const isPassphrase = (choice.provider || present) === 'passphrase';
  const out = (reports.value ?? []).filter(({ isUsable }) => !isUsable);
  return (
    <>
      <Choice
        label={t('new-provider')}
        value={choice.provider}
        options={[
          ...(present === undefined ? [] : [['', t('same-provider')] as const]),
          ...keyProviderKinds.map((each) => [each, t(`provider-${each}`)] as const),
        ]}
        onValue={(provider) => {
          const isReady = (provider || present) !== 'passphrase';
          onChoice({ provider, passphrase: '', isReady });
        }}
      />
      {out.map(({ kind, message, remedy }) => (
        <div key={kind} class="quiet">
          <p>{t('provider-out', { provider: t(`provider-${kind}`), message: sentence(message) })}</p>
          {remedy && <Remedy>{sentence(remedy)}</Remedy>}
        </div>
      ))}
      {isPassphrase && (
        <NewPassphrase
          label={t('new-passphrase')}
          hint={t('passphrase-hint')}
          value={choice.passphrase}
          onValue={(passphrase, isReady) => onChoice({ ...choice, passphrase, isReady })}
        />
      )}
    </>
  );
}

/** The fields of an operation that makes a key. */
export function keyFields({ provider, passphrase }: KeyChoice) {
  return { ...(provider !== '' && { provider }), ...(passphrase !== '' && { passphrase }) };
}
