import { useSignal } from '@preact/signals';
import type { KeptBackup } from '../../../contract/backups.js';
import { call } from '../../api/call.js';
import { keptLines } from '../../api/kept-lines.js';
import type { Input } from '../../api/request.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/backups.json';
import type { Action } from '../../parts/actions.js';
import { Dialog } from '../../parts/dialog.js';
import { Form } from '../../parts/form.js';
import { bound, Choice, Field, into } from '../../parts/form-fields.js';
import { say } from '../../parts/notes.js';
import { Facts, Section } from '../../parts/page.js';
import { Fault, Problem } from '../../parts/shown-fault.js';
import { bytes, dayAndTime, number } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { type KeyChoice, KeySource } from '../gallery/key-source.js';

const t = wordsOf<typeof en>('backups');

/** What opens a backup, as a user enters it. */
interface Opening {
  /** The secret as a part of the request. */
  readonly secret: () => { readonly recoverySecret: string } | { readonly passphrase: string };
  readonly fields: preact.JSX.Element;
}

/** `hasRecoveryKey`: of the box. Without one, its backups have a passphrase; those of other boxes may have a key. */
function useOpening(hasRecoveryKey: boolean): Opening {
  const kind = useSignal<'recoverySecret' | 'passphrase'>(hasRecoveryKey ? 'recoverySecret' : 'passphrase');
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
            ['passphrase', t('passphrase')],
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

/** The buttons that ask about a backup that the box keeps. */
export const keptActions = (id: string, isBusy: boolean, onAsk: Asking): readonly Action[] =>
  (['verify', 'restore'] as const).map((act) => ({
    text: t(act),
    isOffered: can('backups:restore'),
    isReady: !isBusy,
    onAct: onAsk(act, id),
  }));

/** The button that deletes what the box keeps. `what`: what is lost. */
export const removal = (id: string, what: string, onRemoved: () => unknown): Action => ({
  text: t('remove'),
  ask: { title: t('remove-title'), text: what, isDestructive: true },
  onAct: () => call('backups.remove', { id }),
  onDone: () => {
    say(t('removed'));
    return onRemoved();
  },
});

/** The check of a large backup takes minutes, so it does not end with the page. */
export const verifying = keptLines(async function* (order: Input<'backups.verify'>) {
  yield await call('backups.verify', order);
});

interface VerifyProps {
  readonly id: string;
  readonly hasRecoveryKey: boolean;
  readonly onClose: () => void;
}

/** Asks for what opens the backup, and begins to check it. */
export function Verify({ id, hasRecoveryKey, onClose }: VerifyProps) {
  const opening = useOpening(hasRecoveryKey);
  const verify = (): void => {
    void verifying.start({ id, ...opening.secret() });
    onClose();
  };
  return (
    <Dialog title={t('verify-title')} onClose={onClose}>
      <Form act={t('verify')} onAct={verify}>
        <p>{t('verify-what')}</p>
        {opening.fields}
      </Form>
    </Dialog>
  );
}

/** What the last check of this session found. */
export function Verified() {
  const fault = verifying.fault.value;
  const done = verifying.lines.value?.[0];
  if (fault !== undefined) {
    return (
      <Section title={t('verify-failed')}>
        <Fault error={fault} />
      </Section>
    );
  }
  if (done === undefined) return null;
  return (
    <Section title={t('verified')}>
      <BackupFacts of={done} />
    </Section>
  );
}

/** A restore takes minutes, so it does not end with the page. */
export const restoring = keptLines(async function* (order: Input<'backups.restore'>) {
  yield await call('backups.restore', order);
});

interface RestoreProps extends VerifyProps {
  /** What is known of it. Nothing is known of an upload before it is read. */
  readonly backup: KeptBackup | undefined;
}

/** Says what a restore replaces, asks for what opens the backup, and begins. */
export function Restore({ id, hasRecoveryKey, backup, onClose }: RestoreProps) {
  const opening = useOpening(hasRecoveryKey);
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
            <KeySource choice={choice.value} onChoice={into(choice)} />
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

/** What is known of a backup. Whoever restores it compares these with what they expect. */
export function BackupFacts({
  of,
  expiresAt,
}: {
  readonly of: Omit<KeptBackup, 'id' | 'expiresAt'>;
  readonly expiresAt?: string;
}) {
  const counts = Object.entries(of.counts).map(([what, count]) => `${what} ${number(count)}`);
  return (
    <Facts
      of={[
        [t('created'), dayAndTime(of.createdAt)],
        [t('box'), `${of.site} / ${of.box}`],
        [t('size'), bytes(of.sizeBytes)],
        [t('counts'), counts.join(', ')],
        [t('recogniser'), of.recogniser],
        [t('program'), of.program],
        [t('expires'), expiresAt && dayAndTime(expiresAt)],
        [t('sha256'), <code key="hash">{of.sha256}</code>],
      ]}
    />
  );
}
