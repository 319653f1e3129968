import { signal, useSignal } from '@preact/signals';
import type { KeptBackup } from '../../../contract/backups.js';
import { call } from '../../api/call.js';
import { keptLines } from '../../api/kept-lines.js';
import type { Input, Output } from '../../api/request.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/backups.json';
import { ActionBar } from '../../parts/actions.js';
import { Confirm, Dialog } from '../../parts/dialog.js';
import { Form } from '../../parts/form.js';
import { bound, Field, Tick } from '../../parts/form-fields.js';
import { say } from '../../parts/notes.js';
import { Loaded, PageHead, Progress, Section } from '../../parts/page.js';
import { NewPassphrase } from '../../parts/passphrase.js';
import { saveFile } from '../../parts/save-file.js';
import { Fault } from '../../parts/shown-fault.js';
import { useDialog } from '../../parts/use-dialog.js';
import { bytes, dayAndTime, percent } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import {
  type Asking,
  BackupFacts,
  keptActions,
  type OpeningAct,
  Restore,
  Restored,
  removal,
  restoring,
  Verified,
  Verify,
  verifying,
} from './opened-backup.js';
import { Upload } from './uploaded-backup.js';

const t = wordsOf<typeof en>('backups');

type BackupState = Output<'backups.show'>;

const everyMs = 2000;

/** Backups of the gallery: made, downloaded, uploaded, checked, restored. */
export default function Backups() {
  const state = useFetched('backups.show', {}, { everyMs });
  const opening = useDialog<{ readonly act: OpeningAct; readonly id: string }>();
  const ask: Asking = (act, id) => opening.opens({ act, id });
  const close = (): void => opening.closes(state.reload)();
  const { act, id = '' } = opening.of ?? {};
  const made = state.value?.made;
  const opened = { id, hasRecoveryKey: state.value?.recoveryKeyId !== undefined, onClose: close };
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')} />
      <Loaded of={state}>
        {(value) => (
          <>
            {value.running && <Running of={value} />}
            <Verified />
            <Restored />
            <RecoveryKey keyId={value.recoveryKeyId} onChanged={state.reload} />
            <Scheduled of={value} />
            <Made of={value} onChanged={state.reload} onAsk={ask} />
            {can('backups:restore') && <Upload of={value} onChanged={state.reload} onAsk={ask} />}
          </>
        )}
      </Loaded>
      {act === 'verify' && <Verify {...opened} />}
      {act === 'restore' && <Restore {...opened} backup={made?.id === id ? made : undefined} />}
    </>
  );
}

/** What the box does at this moment, also when another user has begun it. */
function Running({ of: { running, progress } }: { readonly of: BackupState }) {
  if (running === undefined) return null;
  const { step, doneBytes = 0, totalBytes = 0 } = progress ?? {};
  const share = totalBytes === 0 ? 0 : Math.min(1, doneBytes / totalBytes);
  return (
    <Section title={t(`running-${running}`)}>
      {step === undefined ? (
        <Progress done={undefined} label={t('step-first')} />
      ) : (
        <Progress
          done={doneBytes}
          total={Math.max(1, totalBytes)}
          label={t('progress', { step: t(`step-${step}`), share: percent(share) })}
        />
      )}
      <p class="quiet">{t('may-leave')}</p>
    </Section>
  );
}

/** Backups that the box makes by itself. */
function Scheduled({ of: { schedule, recoveryKeyId } }: { readonly of: BackupState }) {
  if (schedule === undefined) {
    return (
      <Section title={t('scheduled')}>
        <p>{t(recoveryKeyId === undefined ? 'schedule-needs-key' : 'schedule-advised')}</p>
      </Section>
    );
  }
  const { at, keep, directory, lastAt, lastFile, failure } = schedule;
  return (
    <Section title={t('scheduled')}>
      <p class="quiet">{t('schedule-lead', { at, keep, directory })}</p>
      {failure && (
        <p class="fault" role="alert">
          {t('schedule-failed', { at: dayAndTime(failure.at), code: failure.code })}
        </p>
      )}
      <p>
        {lastAt === undefined
          ? t('schedule-none-yet')
          : t('schedule-newest', { at: dayAndTime(lastAt), file: lastFile ?? '' })}
      </p>
    </Section>
  );
}

const downloadedBytes = signal(0);
/** A download goes on while the user looks at other pages. */
const downloading = keptLines(async function* ({ id, box, createdAt }: KeptBackup) {
  downloadedBytes.value = 0;
  const onBytes = (count: number): void => {
    downloadedBytes.value = count;
  };
  const file = await call('backups.download', { id }, { onBytes });
  saveFile(file, `rollcall-${box}-${createdAt.slice(0, 10)}.rcb`);
  yield file.size;
});

function Download({ totalBytes }: { readonly totalBytes: number }) {
  const done = downloadedBytes.value;
  return (
    <Progress
      done={done}
      total={totalBytes}
      label={t('downloading', { done: bytes(done), total: bytes(totalBytes) })}
    />
  );
}

interface MadeProps {
  readonly of: BackupState;
  readonly onChanged: () => Promise<void>;
  readonly onAsk: Asking;
}

function Made({ of: { made, running, recoveryKeyId }, onChanged, onAsk }: MadeProps) {
  const make = useDialog();
  const isBusy = running !== undefined || [making, restoring, verifying].some((each) => each.isRunning.value);
  const mayWrite = can('backups:write');
  return (
    <Section
      title={t('made')}
      actions={[
        {
          text: t('make'),
          look: 'primary',
          isOffered: mayWrite,
          isReady: !isBusy,
          onAct: make.opens(true),
        },
      ]}
    >
      <p class="quiet">{t('made-lead')}</p>
      <Fault error={making.fault.value} />
      <Fault error={downloading.fault.value} />
      {downloading.isRunning.value && made && <Download totalBytes={made.sizeBytes} />}
      {made === undefined ? (
        <p>{t('none-made')}</p>
      ) : (
        <>
          <BackupFacts of={made} expiresAt={made.expiresAt} />
          <ActionBar
            of={[
              { ...removal(made.id, t('remove-made-what'), onChanged), isOffered: mayWrite },
              {
                text: t('download', { size: bytes(made.sizeBytes) }),
                look: 'primary',
                isOffered: mayWrite,
                isReady: !downloading.isRunning.value,
                onAct: () => void downloading.start(made),
              },
              ...keptActions(made.id, isBusy, onAsk),
            ]}
          />
        </>
      )}
      {make.of && (
        <MakeBackup hasRecoveryKey={recoveryKeyId !== undefined} onClose={() => make.closes(onChanged)()} />
      )}
    </Section>
  );
}

/** A backup takes minutes, so the making does not end with the page. */
const making = keptLines(async function* (secrets: Input<'backups.create'>) {
  yield await call('backups.create', secrets);
  say(t('made-now'));
});

interface MakeBackupProps {
  readonly hasRecoveryKey: boolean;
  readonly onClose: () => void;
}

/** Asks who can open the backup, and begins to make it. */
function MakeBackup({ hasRecoveryKey, onClose }: MakeBackupProps) {
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
            value={wantsPassphrase.value}
            onValue={(isOn) => {
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

interface RecoveryKeyProps {
  readonly keyId: string | undefined;
  readonly onChanged: () => Promise<void>;
}

/** The key that opens backups. The box has its public half alone. */
function RecoveryKey({ keyId, onChanged }: RecoveryKeyProps) {
  const setting = useDialog();
  const publicKey = useSignal('');
  return (
    <Section
      title={t('recovery-key')}
      actions={[{ text: t('set-key'), isOffered: can('backups:write'), onAct: setting.opens(true) }]}
    >
      <p>{keyId === undefined ? t('no-recovery-key') : <code>{keyId}</code>}</p>
      <p class="quiet">{t('recovery-key-lead')}</p>
      {setting.of && (
        <Confirm
          title={t('set-key-title')}
          act={t('set-key')}
          onAct={async () => {
            await call('backups.set-recovery-key', { publicKey: publicKey.value.trim() });
            say(t('key-set'));
          }}
          onClose={setting.closes(() => {
            publicKey.value = '';
            return onChanged();
          })}
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
