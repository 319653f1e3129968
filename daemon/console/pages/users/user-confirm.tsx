import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { call } from '../../api/call.js';
import type { Output } from '../../api/request.js';
import type en from '../../messages/en/users.json';
import { Confirm } from '../../parts/dialog.js';
import { say } from '../../parts/notes.js';
import { wordsOf } from '../../words/words.js';
import { InitialPassword } from './new-user.js';
import type { User } from './user-state.js';

const t = wordsOf<typeof en>('users');

/** What ends access of a user. */
export type Asked = 'reset' | 'factor' | 'remove';

const texts = {
  reset: ['reset', 'reset-what'],
  factor: ['remove-factor', 'remove-factor-what'],
  remove: ['remove-user', 'remove-user-what'],
} as const;

interface UserConfirmProps {
  readonly user: User;
  readonly asked: Asked;
  readonly onClose: (changed: User | undefined) => void;
}

/** Says what is lost, and does it. */
export function UserConfirm({ user, asked, onClose }: UserConfirmProps) {
  const { route } = useLocation();
  const made = useSignal<Output<'users.reset-password'> | undefined>(undefined);
  const { id, userName: name } = user;
  const [title, what] = texts[asked];
  const act = {
    reset: async () => {
      made.value = await call('users.reset-password', { id });
    },
    factor: async () => {
      const changed = await call('users.remove-second-factor', { id });
      say(t('factor-removed', { name }));
      onClose(changed);
    },
    remove: async () => {
      await call('users.remove', { id });
      say(t('user-removed', { name }));
      route('/system/users', true);
    },
  };
  if (made.value !== undefined) {
    const { user: changed } = made.value;
    return <InitialPassword of={made.value} onClose={() => onClose(changed)} />;
  }
  return (
    <Confirm
      title={t(title)}
      act={t(title)}
      isDestructive
      onAct={act[asked]}
      onClose={(isDone) => {
        if (!isDone) onClose(undefined);
      }}
    >
      <p>{t(what, { name })}</p>
    </Confirm>
  );
}
