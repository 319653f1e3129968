import { useSignal } from '@preact/signals';
import { useLocation, useRoute } from 'preact-iso';
import { call } from '../../api/call.js';
import type { Output } from '../../api/request.js';
import { can } from '../../api/session.js';
import { type Fetched, useAct, useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/users.json';
import { Confirm } from '../../parts/dialog.js';
import { Fault } from '../../parts/fault.js';
import { bound, Choice, Field, Tick } from '../../parts/field.js';
import { say } from '../../parts/notes.js';
import { Facts, Loaded, PageHead, Section } from '../../parts/page.js';
import { ago, dayAndTime } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import { CameraChoice } from './scope-choice.js';
import { UserSessions } from './user-sessions.js';
import { InitialPassword, type User, UserState } from './user-state.js';

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

interface ChangeUserProps {
  readonly user: User;
  readonly onClose: (changed: User | undefined) => void;
  /** Called when another user has changed the account meanwhile, and it must be loaded anew. */
  readonly onAnew: () => void;
}

/** Changes an account. Sends only what differs, so that nothing else is touched. */
function ChangeUser({ user, onClose, onAnew }: ChangeUserProps) {
  const displayName = useSignal(user.displayName);
  const role = useSignal(user.role);
  const cameras = useSignal<readonly string[] | undefined>(user.cameras);
  const isDisabled = useSignal(user.isDisabled);
  const isForced = useSignal(false);
  const roles = useFetched('roles.list', {});
  const roleNames = roles.value?.map(({ name }) => name) ?? [user.role];
  const send = async (): Promise<void> => {
    const areOthers = cameras.value?.join() !== user.cameras?.join();
    const changed = await call('users.change', {
      ...{ id: user.id, ifRevision: user.revision },
      ...(displayName.value !== user.displayName && { displayName: displayName.value.trim() }),
      ...(role.value !== user.role && { role: role.value }),
      ...(areOthers && { cameras: cameras.value === undefined ? null : [...cameras.value] }),
      ...(isDisabled.value !== user.isDisabled && { isDisabled: isDisabled.value }),
      ...(isForced.value && { mustChangePassword: true as const }),
    });
    onClose(changed);
  };
  return (
    <Confirm
      title={t('change-title', { name: user.userName })}
      act={t('save')}
      isReady={cameras.value?.length !== 0}
      onAct={send}
      onAnew={onAnew}
      onClose={(isDone) => {
        if (!isDone) onClose(undefined);
      }}
    >
      <Field label={t('display-name')} autocomplete="off" maxLength={100} {...bound(displayName)} />
      <Choice label={t('role')} {...bound(role)} options={roleNames.map((name) => [name, name] as const)} />
      <CameraChoice
        chosen={cameras.value}
        onChange={(chosen) => {
          cameras.value = chosen;
        }}
      />
      <Tick
        label={t('is-disabled')}
        isOn={isDisabled.value}
        onChange={(isOn) => {
          isDisabled.value = isOn;
        }}
      />
      <Tick
        label={t('force-password')}
        isOn={isForced.value}
        onChange={(isOn) => {
          isForced.value = isOn;
        }}
      />
      <p class="quiet">{t('sessions-end')}</p>
    </Confirm>
  );
}

/** What ends access of a user. */
type Asked = 'reset' | 'factor' | 'remove';

const texts = {
  reset: ['reset', 'reset-what'],
  factor: ['remove-factor', 'remove-factor-what'],
  remove: ['remove-user', 'remove-user-what'],
} as const;

interface UserConfirmProps {
  readonly user: User;
  readonly asked: Asked;
  readonly onClose: (changed: User | undefined) => void;
}

/** Says what is lost, and does it. */
function UserConfirm({ user, asked, onClose }: UserConfirmProps) {
  const { route } = useLocation();
  const made = useSignal<Output<'users.reset-password'> | undefined>(undefined);
  const { id, userName: name } = user;
  const [title, what] = texts[asked];
  const act = {
    reset: async () => {
      made.value = await call('users.reset-password', { id });
    },
    factor: async () => {
      const changed = await call('users.remove-second-factor', { id });
      say(t('factor-removed', { name }));
      onClose(changed);
    },
    remove: async () => {
      await call('users.remove', { id });
      say(t('user-removed', { name }));
      route('/system/users', true);
    },
  };
  if (made.value !== undefined) {
    const { user: changed } = made.value;
    return <InitialPassword of={made.value} onClose={() => onClose(changed)} />;
  }
  return (
    <Confirm
      title={t(title)}
      act={t(title)}
      isDestructive
      onAct={act[asked]}
      onClose={(isDone) => {
        if (!isDone) onClose(undefined);
      }}
    >
      <p>{t(what, { name })}</p>
    </Confirm>
  );
}
