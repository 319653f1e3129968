import { useSignal } from '@preact/signals';
import type { KeyStatus } from '../../../contract/keys.js';
import { call } from '../../api/call.js';
import { useAct } from '../../api/use-fetched.js';
import type en from '../../messages/en/gallery.json';
import { Fault, Problem } from '../../parts/fault.js';
import { say } from '../../parts/notes.js';
import { Section } from '../../parts/page.js';
import { wordsOf } from '../../words/words.js';
import { type KeyChoice, KeySource } from './key-source.js';

const t = wordsOf<typeof en>('gallery');

/** Makes the first key of a new gallery. */
export function FirstKey({ onOpened }: { readonly onOpened: () => Promise<void> }) {
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
