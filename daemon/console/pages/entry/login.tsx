import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { call } from '../../api/call.js';
import { learnMe } from '../../api/learn-me.js';
import { canUsePasskeys, loginWithPasskey } from '../../api/passkey.js';
import { me } from '../../api/session.js';
import { useAct } from '../../api/use-fetched.js';
import type en from '../../messages/en/entry.json';
import { bound } from '../../parts/bound.js';
import { Fault } from '../../parts/fault.js';
import { Field } from '../../parts/field.js';
import { isSpoken, loadAllWords, speak, wordsOf } from '../../words/words.js';
import { EntryFrame } from './entry-frame.js';

const t = wordsOf<typeof en>('entry');

/** Asks who the user is. Keeps the address, so that the page behind it opens after the login. */
export function Login() {
  const userName = useSignal('');
  const password = useSignal('');
  const code = useSignal('');
  const needsCode = useSignal(false);
  const doing = useAct();
  const codePlace = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (needsCode.value) codePlace.current?.querySelector('input')?.focus();
  }, [needsCode.value]);
  const login = async (event: Event): Promise<void> => {
    event.preventDefault();
    await doing.run(async () => {
      const given = { userName: userName.value.trim(), password: password.value, kind: 'session' } as const;
      await call('auth.login', { ...given, ...(code.value !== '' && { code: code.value.trim() }) });
      await enter();
    });
  };
  if (doing.fault?.code === 'second-factor-required' && !needsCode.value) {
    needsCode.value = true;
    doing.clear();
  }
  return (
    <EntryFrame title={t('login-title')} lead={t('login-lead')}>
      <form onSubmit={login}>
        <Field
          label={t('user-name')}
          name="username"
          autocomplete="username"
          autocapitalize="none"
          required
          {...bound(userName)}
        />
        <Field
          label={t('password')}
          name="password"
          type="password"
          autocomplete="current-password"
          required
          {...bound(password)}
        />
        <div ref={codePlace}>
          {needsCode.value && (
            <Field
              label={t('code')}
              hint={t('code-hint')}
              autocomplete="one-time-code"
              required
              {...bound(code)}
            />
          )}
        </div>
        <Fault error={doing.fault} />
        <button type="submit" aria-busy={doing.isRunning}>
          {t('login')}
        </button>
        {canUsePasskeys && (
          <button
            type="button"
            class="secondary"
            onClick={() => void doing.run(async () => void ((await loginWithPasskey()) && (await enter())))}
          >
            {t('login-passkey')}
          </button>
        )}
      </form>
      <p class="quiet">
        {t('first')} <a href="/claim">{t('claim-link')}</a>
      </p>
    </EntryFrame>
  );
}

/** Learns who has logged in, and speaks their language. */
export async function enter(): Promise<void> {
  await loadAllWords();
  await learnMe();
  const wanted = me.value?.user?.language ?? '';
  if (isSpoken(wanted)) await speak(wanted);
}
