import { useSignal } from '@preact/signals';
import { call } from '../../api/call.js';
import type en from '../../messages/en/entry.json';
import { Form } from '../../parts/form.js';
import { bound, Field } from '../../parts/form-fields.js';
import { Icon } from '../../parts/icon.js';
import { wordsOf } from '../../words/words.js';

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
  const change = async (): Promise<void> => {
    const given = { oldPassword: oldPassword.value, newPassword: newPassword.value };
    await call('auth.change-password', given);
    oldPassword.value = '';
    newPassword.value = '';
    onChanged();
  };
  return (
    <Form act={t('change-password')} onAct={change} look="">
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
    </Form>
  );
}

/** As in daemon/core/accounts/password-rules.ts, which decides. */
const shortest = 12;
const leastBeside = 8;
const leastDifferent = 5;

/** Shows while one types which rules a new password follows. The list of common passwords is on the box alone. */
export function PasswordRules({
  password,
  userName,
}: {
  readonly password: string;
  readonly userName: string;
}) {
  const plain = password.normalize('NFKC').toLowerCase();
  const length = [...plain].length;
  const name = userName.trim().toLowerCase();
  const isMoreThanName =
    name.length < 3 || !plain.includes(name) || [...plain.replaceAll(name, '')].length >= leastBeside;
  const rules = [
    [t('rule-length', { shortest, length }), length >= shortest],
    [t('rule-different', { least: leastDifferent }), new Set(plain).size >= leastDifferent],
    [t('rule-name'), length > 0 && isMoreThanName],
  ] as const;
  return (
    <ul class="rules" aria-live="polite">
      {rules.map(([text, isMet]) => (
        <li key={text} class={isMet ? 'met' : ''}>
          <Icon name={isMet ? 'check' : 'close'} />
          {text}
          <span class="unseen">{isMet ? t('rule-met') : t('rule-not-met')}</span>
        </li>
      ))}
      <li class="quiet">{t('rule-common')}</li>
    </ul>
  );
}
