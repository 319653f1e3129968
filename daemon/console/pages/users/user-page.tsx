import { useSignal } from '@preact/signals';
import { useLocation, useRoute } from 'preact-iso';
import { call } from '../../api/call.js';
import type { Output } from '../../api/request.js';
import { can } from '../../api/session.js';
import { type Fetched, useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/users.json';
import { ActionBar } from '../../parts/actions.js';
import { Confirm } from '../../parts/dialog.js';
import { bound, Choice, Field, into, Tick } from '../../parts/form-fields.js';
import { say } from '../../parts/notes.js';
import { Facts, Loaded, PageHead, Section } from '../../parts/page.js';
import { useDialog } from '../../parts/use-dialog.js';
import { ago, dayAndTime } from '../../time/site-format.js';
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
  const changing = useDialog();
  const { role, cameras, hasSecondFactor, recoveryCodesLeft, passkeys, lastLoginAt } = user;
  return (
    <Section
      title={t('account')}
      actions={[{ text: t('change'), isOffered: can('users:write'), onAct: changing.opens(true) }]}
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
      {changing.of && (
        <ChangeUser
          user={user}
          onClose={(changed) => {
            changing.closes()();
            if (changed === undefined) return;
            fetched.put(changed);
            say(t('saved', { name: changed.userName }));
          }}
          onAnew={() => changing.closes(fetched.reload)()}
        />
      )}
    </Section>
  );
}

function Access({ user, fetched }: PartProps) {
  const { route } = useLocation();
  const reset = useDialog<Output<'users.reset-password'>>();
  const { id, userName: name } = user;
  return (
    <Section title={t('acts')}>
      <ActionBar
        place="start"
        of={[
          {
            text: t('unlock'),
            look: 'primary',
            isOffered: user.lockedUntil !== undefined,
            onAct: async () => {
              fetched.put(await call('users.unlock', { id }));
              say(t('unlocked', { name }));
            },
          },
          {
            text: t('reset'),
            ask: { title: t('reset'), text: t('reset-what', { name }), isDestructive: true },
            onAct: async () => reset.open(await call('users.reset-password', { id })),
          },
          {
            text: t('remove-factor'),
            isOffered: user.hasSecondFactor || user.passkeys > 0,
            ask: { title: t('remove-factor'), text: t('remove-factor-what', { name }), isDestructive: true },
            onAct: async () => {
              fetched.put(await call('users.remove-second-factor', { id }));
              say(t('factor-removed', { name }));
            },
          },
          {
            text: t('remove-user'),
            look: 'danger',
            ask: { title: t('remove-user'), text: t('remove-user-what', { name }), isDestructive: true },
            onAct: async () => {
              await call('users.remove', { id });
              say(t('user-removed', { name }));
              route('/system/users', true);
            },
          },
        ]}
      />
      {reset.of && (
        <InitialPassword
          of={reset.of}
          onClose={() => {
            if (reset.of !== undefined) fetched.put(reset.of.user);
            reset.closes()();
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
      <CameraChoice chosen={cameras.value} onChange={into(cameras)} />
      <Tick label={t('is-disabled')} {...bound(isDisabled)} />
      <Tick label={t('force-password')} {...bound(isForced)} />
      <p class="quiet">{t('sessions-end')}</p>
    </Confirm>
  );
}
