import { useSignal } from '@preact/signals';
import { call, type Output } from '../../api/call.js';
import { learnMe } from '../../api/learn-me.js';
import type { Me } from '../../api/session.js';
import { useAct } from '../../api/use-fetched.js';
import type en from '../../messages/en/account.json';
import { bound } from '../../parts/bound.js';
import { Confirm, Dialog } from '../../parts/dialog.js';
import { Fault } from '../../parts/fault.js';
import { Field } from '../../parts/field.js';
import { Form } from '../../parts/form.js';
import { Section } from '../../parts/page.js';
import { QrCode } from '../../parts/qr-code.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('account');

type Step =
  | { readonly kind: 'scan'; readonly begun: Output<'auth.begin-second-factor'> }
  | { readonly kind: 'codes'; readonly codes: readonly string[] }
  | { readonly kind: 'remove' | 'renew' };

/** The authenticator of the account: set up with a QR code that this browser draws, or removed. */
export function SecondFactor({ user }: { readonly user: NonNullable<Me['user']> }) {
  const step = useSignal<Step | undefined>(undefined);
  const doing = useAct();
  const show = (next: Step | undefined): void => {
    step.value = next;
  };
  const begin = (): Promise<boolean> =>
    doing.run(async () => show({ kind: 'scan', begun: await call('auth.begin-second-factor') }));
  const now = step.value;
  return (
    <Section title={t('factor')}>
      <p>{user.hasSecondFactor ? t('factor-on', { count: user.recoveryCodesLeft }) : t('factor-off')}</p>
      <Fault error={doing.fault} />
      <div class="acts">
        {user.hasSecondFactor ? (
          <>
            <button type="button" class="secondary" onClick={() => show({ kind: 'renew' })}>
              {t('codes-renew')}
            </button>
            <button type="button" class="secondary" onClick={() => show({ kind: 'remove' })}>
              {t('factor-remove')}
            </button>
          </>
        ) : (
          <button type="button" aria-busy={doing.isRunning} onClick={() => void begin()}>
            {t('factor-set')}
          </button>
        )}
      </div>
      {now?.kind === 'scan' && (
        <Scan
          begun={now.begun}
          onConfirmed={(codes) => show({ kind: 'codes', codes })}
          onClose={() => show(undefined)}
        />
      )}
      {now?.kind === 'codes' && <Codes codes={now.codes} onClose={() => show(undefined)} />}
      {now?.kind === 'remove' && (
        <Confirm
          title={t('factor-remove')}
          act={t('factor-remove')}
          isDestructive
          onAct={async () => {
            await call('auth.remove-second-factor');
            await learnMe();
          }}
          onClose={() => show(undefined)}
        >
          <p>{t('factor-remove-what')}</p>
        </Confirm>
      )}
      {now?.kind === 'renew' && (
        <Renew onRenewed={(codes) => show({ kind: 'codes', codes })} onClose={() => show(undefined)} />
      )}
    </Section>
  );
}

interface ScanProps {
  readonly begun: Output<'auth.begin-second-factor'>;
  readonly onConfirmed: (codes: readonly string[]) => void;
  readonly onClose: () => void;
}

function Scan({ begun, onConfirmed, onClose }: ScanProps) {
  const code = useSignal('');
  const doing = useAct();
  const confirm = () =>
    doing.run(async () => {
      const { recoveryCodes } = await call('auth.confirm-second-factor', { code: code.value.trim() });
      await learnMe();
      onConfirmed(recoveryCodes);
    });
  return (
    <Dialog title={t('factor-title')} onClose={onClose}>
      <Form act={t('factor-confirm')} onAct={confirm} doing={doing}>
        <p>{t('factor-scan')}</p>
        <QrCode text={begun.uri} label={t('factor-qr')} />
        <p>
          {t('factor-secret')}: <code class="secret">{begun.secret}</code>
        </p>
        <Field
          label={t('factor-code')}
          inputMode="numeric"
          autocomplete="one-time-code"
          required
          {...bound(code)}
        />
      </Form>
    </Dialog>
  );
}

function Renew({
  onRenewed,
  onClose,
}: {
  readonly onRenewed: (codes: readonly string[]) => void;
  readonly onClose: () => void;
}) {
  const codes = useSignal<readonly string[]>([]);
  return (
    <Confirm
      title={t('codes-renew')}
      act={t('codes-renew')}
      isDestructive
      onAct={async () => {
        codes.value = (await call('auth.renew-recovery-codes')).recoveryCodes;
        await learnMe();
      }}
      onClose={(isDone) => (isDone ? onRenewed(codes.value) : onClose())}
    >
      <p>{t('codes-renew-what')}</p>
    </Confirm>
  );
}

function Codes({ codes, onClose }: { readonly codes: readonly string[]; readonly onClose: () => void }) {
  return (
    <Dialog title={t('codes-title')} onClose={onClose}>
      <p>{t('codes-what')}</p>
      <ul class="codes">
        {codes.map((code) => (
          <li key={code}>
            <code>{code}</code>
          </li>
        ))}
      </ul>
      <footer class="acts">
        <button type="button" onClick={onClose}>
          {t('codes-kept')}
        </button>
      </footer>
    </Dialog>
  );
}
