import { useSignal } from '@preact/signals';
import { call, type Input } from '../../api/call.js';
import { learnMe } from '../../api/learn-me.js';
import { me } from '../../api/session.js';
import { useAct, useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/account.json';
import { bound } from '../../parts/bound.js';
import { Fault } from '../../parts/fault.js';
import { Choice, Field } from '../../parts/field.js';
import { say } from '../../parts/notes.js';
import { Badge, Loaded, PageHead, Section } from '../../parts/page.js';
import { chooseTheme, theme, themes } from '../../parts/theme.js';
import { ago, dayAndTime } from '../../time/site-time.js';
import { consoleLanguages, isSpoken, language, languageNames, speak, wordsOf } from '../../words/words.js';
import { PasswordForm } from '../entry/password-form.js';
import { Passkeys } from './passkeys.js';
import { SecondFactor } from './second-factor.js';

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
