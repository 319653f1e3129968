import { useSignal } from '@preact/signals';
import { useRoute } from 'preact-iso';
import { call } from '../../api/call.js';
import { can } from '../../api/session.js';
import { type Fetched, useAct, useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/users.json';
import { Fault } from '../../parts/fault.js';
import { say } from '../../parts/notes.js';
import { Facts, Loaded, PageHead, Section } from '../../parts/page.js';
import { ago, dayAndTime } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import { ChangeUser } from './change-user.js';
import { type Asked, UserConfirm } from './user-confirm.js';
import { UserSessions } from './user-sessions.js';
import { type User, UserState } from './user-state.js';

const t = wordsOf<typeof en>('users');

/** One account: what it may do, how its user logs in, and where. */
export default function UserPage() {
  const { id = '' } = useRoute().params;
  const user = useFetched('users.get', { id });
  return (
    <>
      <PageHead
        title={user.value?.userName ?? t('account')}
        lead={user.value?.displayName}
        back={{ href: '/system/users', text: t('users') }}
      />
      <Loaded of={user}>
        {(value) => (
          <>
            <Account user={value} fetched={user} />
            {can('users:write') && <Access user={value} fetched={user} />}
            <UserSessions user={value} />
          </>
        )}
      </Loaded>
    </>
  );
}

interface PartProps {
  readonly user: User;
  readonly fetched: Fetched<User>;
}

function Account({ user, fetched }: PartProps) {
  const isChanging = useSignal(false);
  const { role, cameras, hasSecondFactor, recoveryCodesLeft, passkeys, lastLoginAt } = user;
  return (
    <Section
      title={t('account')}
      acts={
        can('users:write') && (
          <button
            type="button"
            class="small secondary"
            onClick={() => {
              isChanging.value = true;
            }}
          >
            {t('change')}
          </button>
        )
      }
    >
      <Facts
        of={[
          [t('state'), <UserState key="state" of={user} />],
          [t('role'), role],
          [t('cameras'), cameras === undefined ? t('all-cameras') : cameras.join(', ')],
          [
            t('second-factor'),
            hasSecondFactor ? t('with-authenticator', { codes: recoveryCodesLeft }) : t('without'),
          ],
          [t('passkeys'), String(passkeys)],
          [t('last-login'), lastLoginAt === undefined ? t('never') : ago(lastLoginAt)],
          [t('password-changed'), dayAndTime(user.passwordChangedAt)],
          [t('created'), dayAndTime(user.createdAt)],
          [t('language'), user.language],
        ]}
      />
      {isChanging.value && (
        <ChangeUser
          user={user}
          onClose={(changed) => {
            isChanging.value = false;
            if (changed === undefined) return;
            fetched.put(changed);
            say(t('saved', { name: changed.userName }));
          }}
          onAnew={() => {
            isChanging.value = false;
            void fetched.reload();
          }}
        />
      )}
    </Section>
  );
}

function Access({ user, fetched }: PartProps) {
  const asked = useSignal<Asked | undefined>(undefined);
  const unlocking = useAct();
  const ask = (what: Asked) => () => {
    asked.value = what;
  };
  const unlock = async (): Promise<void> => {
    const isDone = await unlocking.run(async () => fetched.put(await call('users.unlock', { id: user.id })));
    if (isDone) say(t('unlocked', { name: user.userName }));
  };
  return (
    <Section title={t('acts')}>
      <div class="acts start">
        {user.lockedUntil !== undefined && (
          <button type="button" aria-busy={unlocking.isRunning} onClick={() => void unlock()}>
            {t('unlock')}
          </button>
        )}
        <button type="button" class="secondary" onClick={ask('reset')}>
          {t('reset')}
        </button>
        {(user.hasSecondFactor || user.passkeys > 0) && (
          <button type="button" class="secondary" onClick={ask('factor')}>
            {t('remove-factor')}
          </button>
        )}
        <button type="button" class="danger" onClick={ask('remove')}>
          {t('remove-user')}
        </button>
      </div>
      <Fault error={unlocking.fault} />
      {asked.value && (
        <UserConfirm
          user={user}
          asked={asked.value}
          onClose={(changed) => {
            asked.value = undefined;
            if (changed !== undefined) fetched.put(changed);
          }}
        />
      )}
    </Section>
  );
}
