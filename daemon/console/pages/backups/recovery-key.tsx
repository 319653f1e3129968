import { useSignal } from '@preact/signals';
import { call } from '../../api/call.js';
import { can } from '../../api/session.js';
import type en from '../../messages/en/backups.json';
import { bound } from '../../parts/bound.js';
import { Confirm } from '../../parts/dialog.js';
import { Field } from '../../parts/field.js';
import { say } from '../../parts/notes.js';
import { Section } from '../../parts/page.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('backups');

interface RecoveryKeyProps {
  readonly keyId: string | undefined;
  readonly onChanged: () => Promise<void>;
}

/** The key that opens backups. The box has its public half alone. */
export function RecoveryKey({ keyId, onChanged }: RecoveryKeyProps) {
  const isSetting = useSignal(false);
  const publicKey = useSignal('');
  return (
    <Section
      title={t('recovery-key')}
      acts={
        can('backups:write') && (
          <button
            type="button"
            class="small secondary"
            onClick={() => {
              isSetting.value = true;
            }}
          >
            {t('set-key')}
          </button>
        )
      }
    >
      <p>{keyId === undefined ? t('no-recovery-key') : <code>{keyId}</code>}</p>
      <p class="quiet">{t('recovery-key-lead')}</p>
      {isSetting.value && (
        <Confirm
          title={t('set-key-title')}
          act={t('set-key')}
          onAct={async () => {
            await call('backups.set-recovery-key', { publicKey: publicKey.value.trim() });
            say(t('key-set'));
          }}
          onClose={(isDone) => {
            isSetting.value = false;
            if (!isDone) return;
            publicKey.value = '';
            void onChanged();
          }}
        >
          <p>{t('set-key-what')}</p>
          <Field
            label={t('public-key')}
            hint={t('public-key-hint')}
            autocomplete="off"
            autocapitalize="none"
            spellcheck={false}
            required
            maxLength={1024}
            {...bound(publicKey)}
          />
        </Confirm>
      )}
    </Section>
  );
}
