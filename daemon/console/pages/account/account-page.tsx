import { useSignal } from '@preact/signals';
import { call, type Input, type Output } from '../../api/call.js';
import { learnMe } from '../../api/learn-me.js';
import { addPasskey, canUsePasskeys } from '../../api/passkey.js';
import { type Me, me } from '../../api/session.js';
import { useAct, useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/account.json';
import { Confirm, Dialog } from '../../parts/dialog.js';
import { Fault } from '../../parts/fault.js';
import { bound, Choice, Field } from '../../parts/field.js';
import { Form } from '../../parts/form.js';
import { say } from '../../parts/notes.js';
import { Badge, Loaded, PageHead, Section } from '../../parts/page.js';
import { QrCode } from '../../parts/qr-code.js';
import { chooseTheme, theme, themes } from '../../parts/theme.js';
import { ago, dayAndTime, dayOf } from '../../time/site-time.js';
import { consoleLanguages, isSpoken, language, languageNames, speak, wordsOf } from '../../words/words.js';
import { PasswordForm } from '../entry/password-form.js';

const t = wordsOf<typeof en>('account');

/** What users do with their own account. */
export default function Account() {
  const { user } = me.value ?? {};
  if (user === undefined) return <PageHead title={t('title')} lead={me.value?.actor} />;
  return (
    <>
      <PageHead title={t('title')} lead={t('lead', { userName: user.userName, role: user.role })} />
      <div class="columns">
        <div>
          <SecondFactor user={user} />
          <Passkeys />
          <Sessions />
        </div>
        <div>
          <Preferences />
          <Section title={t('password')}>
            <PasswordForm userName={user.userName} onChanged={() => say(t('password-changed'))} />
          </Section>
        </div>
      </div>
    </>
  );
}

type TimeFormat = NonNullable<Input<'auth.preferences'>['timeFormat']>;

function Preferences() {
  const user = me.value?.user;
  const displayName = useSignal(user?.displayName ?? '');
  const spoken = useSignal(language());
  const timeFormat = useSignal<TimeFormat>(user?.timeFormat ?? '24h');
  const doing = useAct();
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    const wanted = {
      displayName: displayName.value.trim(),
      language: spoken.value,
      timeFormat: timeFormat.value,
    };
    const isSaved = await doing.run(async () => {
      await call('auth.preferences', wanted);
      await learnMe();
      await speak(wanted.language);
    });
    if (isSaved) say(t('saved'));
  };
  return (
    <Section title={t('preferences')}>
      <form onSubmit={save}>
        <Field label={t('display-name')} autocomplete="name" maxLength={100} {...bound(displayName)} />
        <Choice
          label={t('language')}
          value={spoken.value}
          options={consoleLanguages.map((each) => [each, languageNames[each]] as const)}
          onValue={(value) => {
            if (isSpoken(value)) spoken.value = value;
          }}
        />
        <Choice
          label={t('clock')}
          {...bound(timeFormat)}
          options={[
            ['24h', t('clock-24h')],
            ['12h', t('clock-12h')],
          ]}
        />
        <Choice
          label={t('theme')}
          value={theme.value}
          options={themes.map((each) => [each, t(`theme-${each}`)] as const)}
          onValue={chooseTheme}
        />
        <Fault error={doing.fault} />
        <button type="submit" aria-busy={doing.isRunning}>
          {t('save')}
        </button>
      </form>
    </Section>
  );
}

function Sessions() {
  const sessions = useFetched('auth.sessions', {});
  const doing = useAct();
  const end = async (id: string): Promise<void> => {
    if (!(await doing.run(() => call('auth.end-session', { id })))) return;
    say(t('session-ended'));
    await sessions.reload();
  };
  return (
    <Section title={t('sessions')}>
      <Fault error={doing.fault} />
      <Loaded of={sessions}>
        {(all) => (
          <ul class="plain-list">
            {all.map(({ id, isCurrent, agent, address, createdAt, lastSeenAt }) => (
              <li key={id} class="row">
                <span>
                  {agent ?? id}{' '}
                  <span class="quiet">
                    {t('session-from', { address: address ?? '', time: dayAndTime(createdAt) })},{' '}
                    {t('session-seen', { ago: ago(lastSeenAt) })}
                  </span>
                </span>
                {isCurrent ? (
                  <Badge tone="ok">{t('session-this')}</Badge>
                ) : (
                  <button type="button" class="small secondary" onClick={() => void end(id)}>
                    {t('session-end')}
                  </button>
                )}
              </li>
            ))}
          </ul>
        )}
      </Loaded>
    </Section>
  );
}

type Step =
  | { readonly kind: 'scan'; readonly begun: Output<'auth.begin-second-factor'> }
  | { readonly kind: 'codes'; readonly codes: readonly string[] }
  | { readonly kind: 'remove' | 'renew' };

/** The authenticator of the account: set up with a QR code that this browser draws, or removed. */
function SecondFactor({ user }: { readonly user: NonNullable<Me['user']> }) {
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

/** The passkeys of the account. */
function Passkeys() {
  const passkeys = useFetched('auth.passkeys', {});
  const removed = useSignal<{ readonly id: string; readonly name: string } | undefined>(undefined);
  const name = useSignal('');
  const doing = useAct();
  const add = async (event: Event): Promise<void> => {
    event.preventDefault();
    let isMade = false;
    const isAnswered = await doing.run(async () => {
      isMade = await addPasskey(name.value.trim());
    });
    if (!isAnswered) return;
    say(isMade ? t('passkey-added') : t('passkey-not-made'));
    await Promise.all([passkeys.reload(), learnMe()]);
  };
  return (
    <Section title={t('passkeys')}>
      <p>{t('passkeys-what')}</p>
      <Loaded of={passkeys}>
        {(all) =>
          all.length === 0 ? (
            <p class="quiet">{t('passkeys-none')}</p>
          ) : (
            <ul class="plain-list">
              {all.map((each) => (
                <li key={each.id} class="row">
                  <span>
                    {each.name}{' '}
                    <span class="quiet">
                      {t('added', { time: dayOf(each.createdAt) })}
                      {each.lastUsedAt !== undefined && `, ${t('used', { ago: ago(each.lastUsedAt) })}`}
                    </span>
                  </span>
                  <button
                    type="button"
                    class="small secondary"
                    onClick={() => {
                      removed.value = each;
                    }}
                  >
                    {t('remove')}
                  </button>
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {canUsePasskeys ? (
        <form onSubmit={add}>
          <Field label={t('passkey-name')} required maxLength={64} {...bound(name)} />
          <Fault error={doing.fault} />
          <button type="submit" class="secondary" aria-busy={doing.isRunning}>
            {t('passkey-add')}
          </button>
        </form>
      ) : (
        <p class="quiet">{t('passkeys-impossible')}</p>
      )}
      {removed.value !== undefined && (
        <Confirm
          title={t('passkey-remove', { name: removed.value.name })}
          act={t('remove')}
          isDestructive
          onAct={() => call('auth.remove-passkey', { id: removed.value?.id ?? '' })}
          onClose={(isDone) => {
            removed.value = undefined;
            if (isDone) void Promise.all([passkeys.reload(), learnMe()]);
          }}
        >
          <p>{t('passkey-remove-what')}</p>
        </Confirm>
      )}
    </Section>
  );
}
