import { useSignal } from '@preact/signals';
import type { KeptBackup } from '../../../contract/backups.js';
import { call } from '../../api/call.js';
import { keptLines } from '../../api/kept-lines.js';
import type { Input } from '../../api/request.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/backups.json';
import { Dialog } from '../../parts/dialog.js';
import { Fault, Problem } from '../../parts/fault.js';
import { Form } from '../../parts/form.js';
import { Facts, Section } from '../../parts/page.js';
import { number } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import { type KeyChoice, KeySource } from '../gallery/key-source.js';
import { BackupFacts } from './backup-facts.js';
import { useOpening } from './opening.js';

const t = wordsOf<typeof en>('backups');

/** A restore takes minutes, so it does not end with the page. */
export const restoring = keptLines(async function* (order: Input<'backups.restore'>) {
  yield await call('backups.restore', order);
});

interface RestoreProps {
  readonly id: string;
  /** What is known of it. Nothing is known of an upload before it is read. */
  readonly backup: KeptBackup | undefined;
  readonly onClose: () => void;
}

/** Says what a restore replaces, asks for what opens the backup, and begins. */
export function Restore({ id, backup, onClose }: RestoreProps) {
  const opening = useOpening();
  const gallery = useFetched('gallery.show', {}, { isWanted: can('gallery:read') });
  const choice = useSignal<KeyChoice>({ provider: 'secret', passphrase: '', isReady: true });
  const isSealed = gallery.value?.state === 'sealed';
  const restore = (): void => {
    const { provider, passphrase } = choice.value;
    void restoring.start({
      ...{ id, ...opening.secret() },
      ...(isSealed && provider !== '' && { provider }),
      ...(isSealed && passphrase !== '' && { keyPassphrase: passphrase }),
    });
    onClose();
  };
  return (
    <Dialog title={t('restore-title')} onClose={onClose}>
      <Form
        act={t('restore-act')}
        onAct={restore}
        isDestructive
        isReady={choice.value.isReady}
        onCancel={onClose}
        cancel={t('keep-gallery')}
      >
        <p>{t('restore-what')}</p>
        <p>{t('restore-log')}</p>
        {backup && <BackupFacts of={backup} />}
        {opening.fields}
        <Fault error={gallery.fault} />
        {isSealed && (
          <>
            <p>{t('restore-sealed')}</p>
            <KeySource
              choice={choice.value}
              onChoice={(next) => {
                choice.value = next;
              }}
            />
          </>
        )}
      </Form>
    </Dialog>
  );
}

/** What the last restore of this session did, or why it failed. */
export function Restored() {
  const fault = restoring.fault.value;
  const done = restoring.lines.value?.[0];
  if (fault !== undefined) {
    return (
      <Section title={t('restore-failed')}>
        <Fault error={fault} />
        <p class="quiet">{t('nothing-changed')}</p>
      </Section>
    );
  }
  if (done === undefined) return null;
  return (
    <Section title={t('restored')}>
      <div role="status">
        <Facts
          of={[
            [t('persons'), number(done.persons)],
            [t('templates'), number(done.templates)],
            [t('erased-again'), number(done.erasedAgain)],
            [t('damaged-keys'), done.damagedKeys === 0 ? undefined : number(done.damagedKeys)],
            [t('log'), t(`log-${done.log}`)],
            [t('damaged-file'), done.damagedFile],
          ]}
        />
        {!done.areErasuresKnown && <p>{t('erasures-unknown')}</p>}
        {done.sealed && <Problem of={done.sealed} />}
      </div>
      <BackupFacts of={done.backup} />
    </Section>
  );
}
