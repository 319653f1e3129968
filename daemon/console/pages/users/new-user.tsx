import { useSignal } from '@preact/signals';
import { call } from '../../api/call.js';
import type { Output } from '../../api/request.js';
import type entry from '../../messages/en/entry.json';
import type en from '../../messages/en/users.json';
import { bound } from '../../parts/bound.js';
import { Confirm } from '../../parts/dialog.js';
import { Choice, Field } from '../../parts/field.js';
import { ShownOnce } from '../../parts/shown-once.js';
import { wordsOf } from '../../words/words.js';
import { CameraChoice } from './choices.js';

const t = wordsOf<typeof en>('users');
const entryText = wordsOf<typeof entry>('entry');

type Made = Output<'users.create'>;

/** Creates an account, and shows the password that the box made for it. */
export function NewUser({
  roles,
  onClose,
}: {
  readonly roles: readonly string[];
  readonly onClose: () => void;
}) {
  const userName = useSignal('');
  const displayName = useSignal('');
  const role = useSignal('viewer');
  const cameras = useSignal<readonly string[] | undefined>(undefined);
  const made = useSignal<Made | undefined>(undefined);
  if (made.value !== undefined) return <InitialPassword of={made.value} onClose={onClose} />;
  return (
    <Confirm
      title={t('new-user')}
      act={t('create-user')}
      isReady={cameras.value?.length !== 0}
      onAct={async () => {
        made.value = await call('users.create', {
          ...{ userName: userName.value.trim(), displayName: displayName.value.trim(), role: role.value },
          ...(cameras.value && { cameras: [...cameras.value] }),
        });
      }}
      onClose={(isDone) => {
        if (!isDone) onClose();
      }}
    >
      <p>{t('create-why')}</p>
      <Field
        label={t('user-name')}
        hint={entryText('user-name-hint')}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        required
        {...bound(userName)}
      />
      <Field label={t('display-name')} autocomplete="off" maxLength={100} {...bound(displayName)} />
      <Choice label={t('role')} {...bound(role)} options={roles.map((name) => [name, name] as const)} />
      <CameraChoice
        chosen={cameras.value}
        onChange={(chosen) => {
          cameras.value = chosen;
        }}
      />
    </Confirm>
  );
}

/** Shows the password that the box made, once. */
export function InitialPassword({ of, onClose }: { readonly of: Made; readonly onClose: () => void }) {
  return (
    <ShownOnce
      title={t('password-title', { name: of.user.userName })}
      label={t('initial-password')}
      secret={of.initialPassword ?? ''}
      onClose={onClose}
    >
      {t('password-once')}
    </ShownOnce>
  );
}
