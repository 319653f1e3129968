import { useSignal } from '@preact/signals';
import type { KeyStatus } from '../../../contract/keys.js';
import { call } from '../../api/call.js';
import type en from '../../messages/en/gallery.json';
import { Form } from '../../parts/form.js';
import { bound, Field, into } from '../../parts/form-fields.js';
import { say } from '../../parts/notes.js';
import { Section } from '../../parts/page.js';
import { Problem } from '../../parts/shown-fault.js';
import { wordsOf } from '../../words/words.js';
import { type KeyChoice, KeySource, keyFields } from './key-source.js';

const t = wordsOf<typeof en>('gallery');

interface UnlockProps {
  readonly keys: KeyStatus['slots'];
  readonly onOpened: () => Promise<void>;
}

/** Opens a sealed gallery, or makes its first key. */
export function Unlock({ keys, onOpened }: UnlockProps) {
  if (keys.length === 0) return <FirstKey onOpened={onOpened} />;
  return (
    <UnlockForm
      needsPassphrase={keys.some(({ provider }) => provider === 'passphrase')}
      onOpened={onOpened}
    />
  );
}

function UnlockForm({
  needsPassphrase,
  onOpened,
}: {
  readonly needsPassphrase: boolean;
  readonly onOpened: () => Promise<void>;
}) {
  const passphrase = useSignal('');
  const reason = useSignal<KeyStatus['reason']>(undefined);
  const unlock = async (): Promise<void> => {
    const status = await call('keys.unlock', passphrase.value === '' ? {} : { passphrase: passphrase.value });
    passphrase.value = '';
    reason.value = status.reason;
    if (status.state === 'open') say(t('opened'));
    await onOpened();
  };
  return (
    <Section title={t('unlock-title')}>
      <Form act={t('unlock')} onAct={unlock} look="">
        <p>{t('unlock-lead')}</p>
        {needsPassphrase && (
          <Field label={t('passphrase')} type="password" autocomplete="off" required {...bound(passphrase)} />
        )}
        {reason.value && (
          <div role="alert">
            <p>{t('still-sealed')}</p>
            <Problem of={reason.value} />
          </div>
        )}
      </Form>
    </Section>
  );
}

/** Makes the first key of a new gallery. */
function FirstKey({ onOpened }: { readonly onOpened: () => Promise<void> }) {
  const choice = useSignal<KeyChoice>({ provider: 'secret', passphrase: '', isReady: true });
  const reason = useSignal<KeyStatus['reason']>(undefined);
  const create = async (): Promise<void> => {
    const { provider } = choice.value;
    if (provider === '') return;
    const status = await call('keys.create', { ...keyFields(choice.value), provider });
    reason.value = status.reason;
    if (status.state === 'open') say(t('opened'));
    await onOpened();
  };
  return (
    <Section title={t('create')}>
      <Form act={t('create')} onAct={create} isReady={choice.value.isReady} look="">
        <p>{t('create-lead')}</p>
        <KeySource choice={choice.value} onChoice={into(choice)} />
        {reason.value && <Problem of={reason.value} />}
      </Form>
    </Section>
  );
}
