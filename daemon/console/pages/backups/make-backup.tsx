import { useSignal } from '@preact/signals';
import { call } from '../../api/call.js';
import { keptLines } from '../../api/kept-lines.js';
import type { Input } from '../../api/request.js';
import type en from '../../messages/en/backups.json';
import { Dialog } from '../../parts/dialog.js';
import { Tick } from '../../parts/field.js';
import { Form } from '../../parts/form.js';
import { say } from '../../parts/notes.js';
import { NewPassphrase } from '../../parts/passphrase.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('backups');

/** A backup takes minutes, so the making does not end with the page. */
export const making = keptLines(async function* (secrets: Input<'backups.create'>) {
  yield await call('backups.create', secrets);
  say(t('made-now'));
});

interface MakeBackupProps {
  readonly hasRecoveryKey: boolean;
  readonly onClose: () => void;
}

/** Asks who can open the backup, and begins to make it. */
export function MakeBackup({ hasRecoveryKey, onClose }: MakeBackupProps) {
  const wantsPassphrase = useSignal(!hasRecoveryKey);
  const passphrase = useSignal('');
  const isSame = useSignal(false);
  const make = (): void => {
    void making.start(wantsPassphrase.value ? { passphrase: passphrase.value } : {});
    onClose();
  };
  return (
    <Dialog title={t('make')} onClose={onClose}>
      <Form act={t('make-act')} onAct={make} isReady={!wantsPassphrase.value || isSame.value}>
        <p>{t(hasRecoveryKey ? 'make-lead' : 'make-without-key')}</p>
        {hasRecoveryKey && (
          <Tick
            label={t('with-passphrase')}
            isOn={wantsPassphrase.value}
            onChange={(isOn) => {
              wantsPassphrase.value = isOn;
              passphrase.value = '';
            }}
          />
        )}
        {wantsPassphrase.value && (
          <NewPassphrase
            label={t('passphrase')}
            hint={t('passphrase-hint')}
            value={passphrase.value}
            onValue={(value, same) => {
              passphrase.value = value;
              isSame.value = same;
            }}
          />
        )}
      </Form>
    </Dialog>
  );
}
