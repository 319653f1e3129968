import { useSignal } from '@preact/signals';
import type { KeyStatus } from '../../../contract/keys.js';
import { call } from '../../api/call.js';
import { useAct } from '../../api/use-fetched.js';
import type en from '../../messages/en/gallery.json';
import { Fault, Problem } from '../../parts/fault.js';
import { bound, Field } from '../../parts/field.js';
import { say } from '../../parts/notes.js';
import { Section } from '../../parts/page.js';
import { wordsOf } from '../../words/words.js';
import { type KeyChoice, KeySource } from './key-source.js';

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
  const doing = useAct();
  const unlock = async (event: Event): Promise<void> => {
    event.preventDefault();
    const given = passphrase.value === '' ? {} : { passphrase: passphrase.value };
    await doing.run(async () => {
      const status = await call('keys.unlock', given);
      passphrase.value = '';
      reason.value = status.reason;
      if (status.state === 'open') say(t('opened'));
      await onOpened();
    });
  };
  return (
    <Section title={t('unlock-title')}>
      <form onSubmit={unlock}>
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
        <Fault error={doing.fault} />
        <button type="submit" aria-busy={doing.isRunning}>
          {t('unlock')}
        </button>
      </form>
    </Section>
  );
}

/** Makes the first key of a new gallery. */
function FirstKey({ onOpened }: { readonly onOpened: () => Promise<void> }) {
  const choice = useSignal<KeyChoice>({ provider: 'secret', passphrase: '', isReady: true });
  const reason = useSignal<KeyStatus['reason']>(undefined);
  const doing = useAct();
  const create = async (event: Event): Promise<void> => {
    event.preventDefault();
    const { provider, passphrase } = choice.value;
    if (provider === '') return;
    await doing.run(async () => {
      const status = await call('keys.create', { provider, ...(passphrase !== '' && { passphrase }) });
      reason.value = status.reason;
      if (status.state === 'open') say(t('opened'));
      await onOpened();
    });
  };
  return (
    <Section title={t('create')}>
      <form onSubmit={create}>
        <p>{t('create-lead')}</p>
        <KeySource
          choice={choice.value}
          onChoice={(next) => {
            choice.value = next;
          }}
        />
        {reason.value && <Problem of={reason.value} />}
        <Fault error={doing.fault} />
        <button type="submit" disabled={!choice.value.isReady} aria-busy={doing.isRunning}>
          {t('create')}
        </button>
      </form>
    </Section>
  );
}
