import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { call, isApiError, logOut } from '../../api/call.js';
import { canUsePasskeys, loginWithPasskey } from '../../api/passkey.js';
import {
  forgetSession,
  isLogoutUnconfirmed,
  isUnclaimed,
  leaveSession,
  me,
  resumeFault,
} from '../../api/session.js';
import { useAct } from '../../api/use-fetched.js';
import type en from '../../messages/en/entry.json';
import { Dialog } from '../../parts/dialog.js';
import { Form } from '../../parts/form.js';
import { bound, Field } from '../../parts/form-fields.js';
import { loadAllWords, speak, wordsOf } from '../../words/words.js';
import { EntryFrame } from './entry-frame.js';
import { PasswordForm } from './password-form.js';

const t = wordsOf<typeof en>('entry');

/** Asks who the user is. Keeps the address, so that the page behind it opens after the login. */
export function Login() {
  return (
    <EntryFrame title={t('login')} lead={t('login-lead')}>
      {isLogoutUnconfirmed.value && (
        <div role="alert">
          <p>{t('logout-unconfirmed')}</p>
          <button type="button" class="secondary" onClick={() => void logOut()}>
            {t('logout-again')}
          </button>
        </div>
      )}
      <LoginForm onLogin={enter} />
      {isUnclaimed.value && (
        <p class="quiet">
          {t('first')} <a href="/claim">{t('claim-link')}</a>
        </p>
      )}
    </EntryFrame>
  );
}

/** Asks a user whose session has ended to log in again, over the page. The page stays as it is for the same user alone. */
export function LoginAgain({ onAnswer }: { readonly onAnswer: (isSame: boolean) => void }) {
  const before = me.value;
  const goOn = async (): Promise<void> => {
    const now = await call('auth.me');
    if (now.actor !== before?.actor) {
      location.reload();
      return;
    }
    me.value = now;
    onAnswer(true);
  };
  return (
    <Dialog title={t('again-title')} isOpaque>
      <p>{t('again-lead')}</p>
      <LoginForm known={before?.user?.userName} onLogin={goOn} />
      <button
        type="button"
        class="plain"
        onClick={() => {
          leaveSession();
          onAnswer(false);
        }}
      >
        {t('leave')}
      </button>
    </Dialog>
  );
}

function LoginForm({
  known = '',
  onLogin,
}: {
  /** The user name, where it is known. */
  readonly known?: string | undefined;
  readonly onLogin: () => Promise<void>;
}) {
  const userName = useSignal(known);
  const password = useSignal('');
  const code = useSignal('');
  const needsCode = useSignal(false);
  const doing = useAct();
  const codePlace = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (needsCode.value) codePlace.current?.querySelector('input')?.focus();
  }, [needsCode.value]);
  const login = (): Promise<boolean> =>
    doing.run(async () => {
      const given = { userName: userName.value.trim(), password: password.value, kind: 'session' } as const;
      await call('auth.login', { ...given, ...(code.value !== '' && { code: code.value.trim() }) });
      await onLogin();
    });
  const loginByPasskey = (): Promise<boolean> =>
    doing.run(async () => {
      if (await loginWithPasskey()) await onLogin();
    });
  if (doing.fault?.code === 'second-factor-required' && !needsCode.value) {
    needsCode.value = true;
    doing.clear();
  }
  return (
    <Form
      act={t('login')}
      onAct={login}
      doing={doing}
      look=""
      others={
        canUsePasskeys && (
          <button type="button" class="secondary" onClick={() => void loginByPasskey()}>
            {t('login-passkey')}
          </button>
        )
      }
    >
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
    </Form>
  );
}

/** Learns who is logged in, loads the words of the pages, and speaks the language of the user. */
export async function enter(): Promise<void> {
  const known = await call('auth.me');
  await loadAllWords();
  isUnclaimed.value = false;
  me.value = known;
  await speak(known.user?.language ?? '');
}

/**
 * Goes on with the session of this browser, if there is one. Only the word of the box that there is none leads to the login: while it
 * does not answer, or refuses for another reason, this is not known.
 */
export async function resume(): Promise<void> {
  try {
    await enter();
  } catch (error) {
    if (!isApiError(error)) throw error;
    isUnclaimed.value = error.details['reason'] === 'unclaimed';
    resumeFault.value = error;
    if (error.code === 'unauthenticated') forgetSession();
  }
}

/** An account whose password another user made can do nothing else before it has its own. */
export function NewPassword() {
  const doing = useAct();
  const userName = me.value?.user?.userName ?? '';
  return (
    <EntryFrame title={t('must-change-title')} lead={t('must-change-lead')}>
      <PasswordForm userName={userName} onChanged={() => void doing.run(enter)} />
      <button type="button" class="plain" onClick={() => void logOut()}>
        {t('logout')}
      </button>
    </EntryFrame>
  );
}
