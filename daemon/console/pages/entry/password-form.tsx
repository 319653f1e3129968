import { useSignal } from '@preact/signals';
import { call } from '../../api/call.js';
import { useAct } from '../../api/use-fetched.js';
import type en from '../../messages/en/entry.json';
import { bound } from '../../parts/bound.js';
import { Fault } from '../../parts/fault.js';
import { Field } from '../../parts/field.js';
import { wordsOf } from '../../words/words.js';
import { PasswordRules } from './password-rules.js';

const t = wordsOf<typeof en>('entry');

/** Changes the password of the user. */
export function PasswordForm({
  userName,
  onChanged,
}: {
  readonly userName: string;
  readonly onChanged: () => void;
}) {
  const oldPassword = useSignal('');
  const newPassword = useSignal('');
  const doing = useAct();
  const change = async (event: Event): Promise<void> => {
    event.preventDefault();
    const given = { oldPassword: oldPassword.value, newPassword: newPassword.value };
    if (!(await doing.run(() => call('auth.change-password', given)))) return;
    oldPassword.value = '';
    newPassword.value = '';
    onChanged();
  };
  return (
    <form onSubmit={change}>
      <input type="text" name="username" autocomplete="username" value={userName} hidden readOnly />
      <Field
        label={t('old-password')}
        type="password"
        autocomplete="current-password"
        required
        {...bound(oldPassword)}
      />
      <Field
        label={t('new-password')}
        type="password"
        autocomplete="new-password"
        required
        {...bound(newPassword)}
      />
      <PasswordRules password={newPassword.value} userName={userName} />
      <Fault error={doing.fault} />
      <button type="submit" aria-busy={doing.isRunning}>
        {t('change-password')}
      </button>
    </form>
  );
}
