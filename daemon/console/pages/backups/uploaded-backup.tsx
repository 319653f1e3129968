import { signal, useSignal } from '@preact/signals';
import { type ApiError, call, isApiError } from '../../api/call.js';
import type { Output } from '../../api/request.js';
import type en from '../../messages/en/backups.json';
import { ActionBar } from '../../parts/actions.js';
import { Form } from '../../parts/form.js';
import { bound, Files, into, Tick } from '../../parts/form-fields.js';
import { say } from '../../parts/notes.js';
import { Facts, Progress, Section } from '../../parts/page.js';
import { Fault } from '../../parts/shown-fault.js';
import { bytes, dayAndTime, percent } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import type { Asking } from './opened-backup.js';
import { keptActions, removal } from './opened-backup.js';

const t = wordsOf<typeof en>('backups');

interface UploadProps {
  readonly of: Output<'backups.show'>;
  readonly onChanged: () => Promise<void>;
  readonly onAsk: Asking;
}

/** Uploads a backup to check or to restore it. */
export function Upload({ of: { upload: kept, running }, onChanged, onAsk }: UploadProps) {
  const now = uploading.value;
  return (
    <Section title={t('upload-title')}>
      <p class="quiet">{t('upload-lead')}</p>
      <Fault error={uploadFault.value} />
      {now === undefined ? (
        <UploadForm kept={kept} onChanged={onChanged} />
      ) : (
        <Progress
          done={now.sent}
          total={Math.max(1, now.total)}
          label={t('uploading', { name: now.name, share: percent(now.sent / Math.max(1, now.total)) })}
        />
      )}
      {kept && now === undefined && (
        <>
          <h3>{t('uploaded')}</h3>
          <Facts
            of={[
              [t('received'), bytes(kept.receivedBytes)],
              [t('expires'), dayAndTime(kept.expiresAt)],
            ]}
          />
          <ActionBar
            of={[
              removal(kept.id, t('remove-upload-what'), onChanged),
              ...keptActions(kept.id, running !== undefined, onAsk),
            ]}
          />
        </>
      )}
    </Section>
  );
}

function UploadForm({
  kept,
  onChanged,
}: {
  readonly kept: UploadProps['of']['upload'];
  readonly onChanged: () => Promise<void>;
}) {
  const file = useSignal<File | undefined>(undefined);
  const wantsRest = useSignal(true);
  const canContinue = kept !== undefined && file.value !== undefined && file.value.size > kept.receivedBytes;
  const send = async (): Promise<void> => {
    if (file.value === undefined) return;
    const isDone = await upload(file.value, canContinue && wantsRest.value ? kept : undefined);
    if (isDone) say(t('upload-done'));
    await onChanged();
  };
  return (
    <Form act={t('upload-act')} onAct={send} look="small secondary">
      <Files label={t('file')} required onFiles={([chosen]) => into(file)(chosen)} />
      {canContinue && (
        <Tick label={t('continue', { received: bytes(kept.receivedBytes) })} {...bound(wantsRest)} />
      )}
    </Form>
  );
}

/** The largest piece that the box takes. */
const pieceBytes = 8 * 2 ** 20;

/** An upload of this browser. It goes on while the user looks at other pages. */
const uploading = signal<
  { readonly name: string; readonly sent: number; readonly total: number } | undefined
>(undefined);
const uploadFault = signal<ApiError | undefined>(undefined);

/** Where an upload goes on. */
interface Begun {
  readonly id: string;
  readonly receivedBytes: number;
}

/** Uploads a file in pieces, from where an earlier upload was interrupted. Resolves with true when the box has all of it. */
async function upload(file: File, begun?: Begun): Promise<boolean> {
  if (uploading.value !== undefined) return false;
  uploadFault.value = undefined;
  let { id, receivedBytes } = begun ?? { id: undefined, receivedBytes: 0 };
  const note = (): void => {
    uploading.value = { name: file.name, sent: receivedBytes, total: file.size };
  };
  note();
  try {
    do {
      const piece = file.slice(receivedBytes, receivedBytes + pieceBytes);
      const got = await call('backups.upload', { ...(id && { id }), offset: receivedBytes, piece: [piece] });
      ({ id, receivedBytes } = got);
      note();
    } while (receivedBytes < file.size);
    return true;
  } catch (error) {
    if (!isApiError(error)) throw error;
    uploadFault.value = error;
    return false;
  } finally {
    uploading.value = undefined;
  }
}
