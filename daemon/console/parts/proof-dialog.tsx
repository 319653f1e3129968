import { useSignal } from '@preact/signals';
import { call } from '../api/call.js';
import { canUsePasskeys, proveWithPasskey } from '../api/passkey.js';
import { me } from '../api/session.js';
import { useAct } from '../api/use-fetched.js';
import type en from '../messages/en/parts.json';
import { wordsOf } from '../words/words.js';
import { Dialog } from './dialog.js';
import { Form } from './form.js';
import { bound, Field } from './form-fields.js';

const t = wordsOf<typeof en>('parts');

/** Asks for a fresh proof of identity: password and code, or a passkey. */
export function ProofDialog({ onAnswer }: { readonly onAnswer: (isProved: boolean) => void }) {
  const password = useSignal('');
  const code = useSignal('');
  const doing = useAct();
  const isPasskeyUnused = useSignal(false);
  const { user } = me.value ?? {};
  const prove = async (): Promise<void> => {
    const proof = { password: password.value, ...(code.value !== '' && { code: code.value.trim() }) };
    if (await doing.run(() => call('auth.step-up', proof))) onAnswer(true);
  };
  const proveByPasskey = async (): Promise<void> => {
    let isProved = false;
    const isAnswered = await doing.run(async () => {
      isProved = await proveWithPasskey();
    });
    isPasskeyUnused.value = isAnswered && !isProved;
    if (isProved) onAnswer(true);
  };
  return (
    <Dialog title={t('proof-title')} onClose={() => onAnswer(false)}>
      <Form
        act={t('confirm-proof')}
        onAct={prove}
        doing={doing}
        others={
          canUsePasskeys &&
          (user?.passkeys ?? 0) > 0 && (
            <button type="button" class="secondary" onClick={() => void proveByPasskey()}>
              {t('with-passkey')}
            </button>
          )
        }
      >
        <p>{t('proof-why')}</p>
        <input type="text" name="username" autocomplete="username" value={user?.userName} hidden readOnly />
        <Field
          label={t('password')}
          type="password"
          autocomplete="current-password"
          required
          {...bound(password)}
        />
        {user?.hasSecondFactor === true && (
          <Field
            label={t('code-field')}
            hint={t('code-hint')}
            autocomplete="one-time-code"
            required
            {...bound(code)}
          />
        )}
        {isPasskeyUnused.value && <p role="alert">{t('passkey-not-used')}</p>}
      </Form>
    </Dialog>
  );
}
