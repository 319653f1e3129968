import { useSignal } from '@preact/signals';
import { useLocation } from 'preact-iso';
import { call } from '../../api/call.js';
import type en from '../../messages/en/entry.json';
import { Form } from '../../parts/form.js';
import { bound, Field } from '../../parts/form-fields.js';
import { wordsOf } from '../../words/words.js';
import { EntryFrame } from './entry-frame.js';
import { enter } from './login.js';
import { PasswordRules } from './password-form.js';

const t = wordsOf<typeof en>('entry');

/** Makes the first administrator with the claim secret of the box. */
export default function Claim() {
  const secret = useSignal('');
  const userName = useSignal('');
  const displayName = useSignal('');
  const password = useSignal('');
  const { route } = useLocation();
  const claim = async (): Promise<void> => {
    const name = userName.value.trim();
    await call('auth.claim', {
      ...{ secret: secret.value.trim(), userName: name },
      ...{ displayName: displayName.value.trim(), password: password.value },
    });
    await call('auth.login', { userName: name, password: password.value, kind: 'session' });
    await enter();
    route('/', true);
  };
  return (
    <EntryFrame title={t('claim-title')} lead={t('claim-lead')}>
      <p>{t('claim-how')}</p>
      <pre>
        <code>rollcall user claim</code>
      </pre>
      <Form act={t('claim')} onAct={claim} look="">
        <Field
          label={t('secret')}
          hint={t('secret-hint')}
          autocomplete="off"
          spellcheck={false}
          required
          {...bound(secret)}
        />
        <Field
          label={t('user-name')}
          hint={t('user-name-hint')}
          autocomplete="username"
          autocapitalize="none"
          required
          {...bound(userName)}
        />
        <Field label={t('display-name')} autocomplete="name" {...bound(displayName)} />
        <Field
          label={t('new-password')}
          type="password"
          autocomplete="new-password"
          required
          {...bound(password)}
        />
        <PasswordRules password={password.value} userName={userName.value} />
      </Form>
      <p class="quiet">
        <a href="/">{t('to-login')}</a>
      </p>
    </EntryFrame>
  );
}
