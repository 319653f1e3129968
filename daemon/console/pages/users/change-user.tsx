import { useSignal } from '@preact/signals';
import { call } from '../../api/call.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/users.json';
import { bound } from '../../parts/bound.js';
import { Confirm } from '../../parts/dialog.js';
import { Choice, Field, Tick } from '../../parts/field.js';
import { wordsOf } from '../../words/words.js';
import { CameraChoice } from './choices.js';
import type { User } from './user-state.js';

const t = wordsOf<typeof en>('users');

interface ChangeUserProps {
  readonly user: User;
  readonly onClose: (changed: User | undefined) => void;
  /** Called when another user has changed the account meanwhile, and it must be loaded anew. */
  readonly onAnew: () => void;
}

/** Changes an account. Sends only what differs, so that nothing else is touched. */
export function ChangeUser({ user, onClose, onAnew }: ChangeUserProps) {
  const displayName = useSignal(user.displayName);
  const role = useSignal(user.role);
  const cameras = useSignal<readonly string[] | undefined>(user.cameras);
  const isDisabled = useSignal(user.isDisabled);
  const isForced = useSignal(false);
  const roles = useFetched('roles.list', {});
  const roleNames = roles.value?.map(({ name }) => name) ?? [user.role];
  const send = async (): Promise<void> => {
    const areOthers = cameras.value?.join() !== user.cameras?.join();
    const changed = await call('users.change', {
      ...{ id: user.id, ifRevision: user.revision },
      ...(displayName.value !== user.displayName && { displayName: displayName.value.trim() }),
      ...(role.value !== user.role && { role: role.value }),
      ...(areOthers && { cameras: cameras.value === undefined ? null : [...cameras.value] }),
      ...(isDisabled.value !== user.isDisabled && { isDisabled: isDisabled.value }),
      ...(isForced.value && { mustChangePassword: true as const }),
    });
    onClose(changed);
  };
  return (
    <Confirm
      title={t('change-title', { name: user.userName })}
      act={t('save')}
      isReady={cameras.value?.length !== 0}
      onAct={send}
      onAnew={onAnew}
      onClose={(isDone) => {
        if (!isDone) onClose(undefined);
      }}
    >
      <Field label={t('display-name')} autocomplete="off" maxLength={100} {...bound(displayName)} />
      <Choice label={t('role')} {...bound(role)} options={roleNames.map((name) => [name, name] as const)} />
      <CameraChoice
        chosen={cameras.value}
        onChange={(chosen) => {
          cameras.value = chosen;
        }}
      />
      <Tick
        label={t('is-disabled')}
        isOn={isDisabled.value}
        onChange={(isOn) => {
          isDisabled.value = isOn;
        }}
      />
      <Tick
        label={t('force-password')}
        isOn={isForced.value}
        onChange={(isOn) => {
          isForced.value = isOn;
        }}
      />
      <p class="quiet">{t('sessions-end')}</p>
    </Confirm>
  );
}
