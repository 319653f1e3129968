import { useSignal } from '@preact/signals';
import { call, type Input, type Output } from '../../api/call.js';
import { addPasskey, canUsePasskeys } from '../../api/passkey.js';
import { can, type Me, me } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/account.json';
import { ActionBar } from '../../parts/actions.js';
import { CopyButton } from '../../parts/copy-button.js';
import { Dialog } from '../../parts/dialog.js';
import { Form } from '../../parts/form.js';
import { bound, Choice, Field, into } from '../../parts/form-fields.js';
import { say } from '../../parts/notes.js';
import { Badge, Loaded, PageHead, Section } from '../../parts/page.js';
import { QrCode } from '../../parts/qr-code.js';
import { chooseTheme, theme, themes } from '../../parts/theme.js';
import { ago, dayAndTime, dayOf } from '../../time/site-format.js';
import { language, languageNames, speak, wordsOf } from '../../words/words.js';
import { PasswordForm } from '../entry/password-form.js';
import { AlertDevices } from './alert-devices.js';

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
          {can('alerts:read') && <AlertDevices />}
          <Section title={t('password')}>
            <PasswordForm userName={user.userName} onChanged={() => say(t('password-changed'))} />
          </Section>
        </div>
      </div>
    </>
  );
}

/** Learns what a change of the account has changed. */
async function learnMe(): Promise<void> {
  me.value = await call('auth.me');
}

type TimeFormat = NonNullable<Input<'auth.preferences'>['timeFormat']>;

function Preferences() {
  const user = me.value?.user;
  const displayName = useSignal(user?.displayName ?? '');
  const spoken = useSignal(language());
  const timeFormat = useSignal<TimeFormat>(user?.timeFormat ?? '24h');
  const save = async (): Promise<void> => {
    const wanted = {
      displayName: displayName.value.trim(),
      language: spoken.value,
      timeFormat: timeFormat.value,
    };
    await call('auth.preferences', wanted);
    await learnMe();
    await speak(wanted.language);
    say(t('saved'));
  };
  return (
    <Section title={t('preferences')}>
      <Form act={t('save')} onAct={save} look="">
        <Field label={t('display-name')} autocomplete="name" maxLength={100} {...bound(displayName)} />
        <Choice label={t('language')} {...bound(spoken)} options={languageNames} />
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
      </Form>
    </Section>
  );
}

function Sessions() {
  const sessions = useFetched('auth.sessions', {});
  const end = async (id: string): Promise<void> => {
    await call('auth.end-session', { id });
    say(t('session-ended'));
  };
  return (
    <Section title={t('sessions')}>
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
                  <ActionBar
                    isSmall
                    of={[{ text: t('session-end'), onAct: () => end(id), onDone: sessions.reload }]}
                  />
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
  | { readonly kind: 'codes'; readonly codes: readonly string[] };

/** The authenticator of the account: set up with a QR code that this browser draws, or removed. */
function SecondFactor({ user }: { readonly user: NonNullable<Me['user']> }) {
  const step = useSignal<Step | undefined>(undefined);
  const renewed = useSignal<readonly string[]>([]);
  const show = into(step);
  const showCodes = (codes: readonly string[]): void => show({ kind: 'codes', codes });
  const close = (): void => show(undefined);
  const now = step.value;
  return (
    <Section title={t('factor')}>
      <p>{user.hasSecondFactor ? t('factor-on', { count: user.recoveryCodesLeft }) : t('factor-off')}</p>
      <ActionBar
        of={[
          {
            text: t('codes-renew'),
            isOffered: user.hasSecondFactor,
            ask: { title: t('codes-renew'), text: t('codes-renew-what'), isDestructive: true },
            onAct: async () => {
              renewed.value = (await call('auth.renew-recovery-codes')).recoveryCodes;
              await learnMe();
            },
            onDone: () => showCodes(renewed.value),
          },
          {
            text: t('factor-remove'),
            isOffered: user.hasSecondFactor,
            ask: { title: t('factor-remove'), text: t('factor-remove-what'), isDestructive: true },
            onAct: async () => {
              await call('auth.remove-second-factor');
              await learnMe();
            },
          },
          {
            text: t('factor-set'),
            look: 'primary',
            isOffered: !user.hasSecondFactor,
            onAct: async () => show({ kind: 'scan', begun: await call('auth.begin-second-factor') }),
          },
        ]}
      />
      {now?.kind === 'scan' && <Scan begun={now.begun} onConfirmed={showCodes} onClose={close} />}
      {now?.kind === 'codes' && <Codes codes={now.codes} onClose={close} />}
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
  const confirm = async (): Promise<void> => {
    const { recoveryCodes } = await call('auth.confirm-second-factor', { code: code.value.trim() });
    await learnMe();
    onConfirmed(recoveryCodes);
  };
  return (
    <Dialog title={t('factor-set')} onClose={onClose}>
      <Form act={t('factor-confirm')} onAct={confirm}>
        <p>{t('factor-scan')}</p>
        <QrCode text={begun.uri} label={t('factor-qr')} />
        <p>
          <a class="link-button" href={begun.uri}>
            {t('factor-open')}
          </a>
        </p>
        <p>
          {t('factor-secret')}: <code class="secret">{begun.secret}</code>{' '}
          <CopyButton text={begun.secret} label={t('factor-copy')} />
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
        <CopyButton text={codes.join('\n')} />
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
  const name = useSignal('');
  const learn = (): Promise<unknown> => Promise.all([passkeys.reload(), learnMe()]);
  const add = async (): Promise<void> => {
    const isMade = await addPasskey(name.value.trim());
    say(isMade ? t('passkey-added') : t('passkey-not-made'));
    await learn();
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
                  <ActionBar
                    isSmall
                    of={[
                      {
                        text: t('remove'),
                        ask: {
                          title: t('passkey-remove', { name: each.name }),
                          text: t('passkey-remove-what'),
                          isDestructive: true,
                        },
                        onAct: () => call('auth.remove-passkey', { id: each.id }),
                        onDone: learn,
                      },
                    ]}
                  />
                </li>
              ))}
            </ul>
          )
        }
      </Loaded>
      {canUsePasskeys ? (
        <Form act={t('passkey-add')} onAct={add} look="secondary">
          <Field label={t('passkey-name')} required maxLength={64} {...bound(name)} />
        </Form>
      ) : (
        <p class="quiet">{t('passkeys-impossible')}</p>
      )}
    </Section>
  );
}
