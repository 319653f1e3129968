import { useSignal } from '@preact/signals';
import { call } from '../../api/call.js';
import type { Output } from '../../api/request.js';
import { can } from '../../api/session.js';
import { useFetched, useList } from '../../api/use-fetched.js';
import type entry from '../../messages/en/entry.json';
import type en from '../../messages/en/users.json';
import { Confirm } from '../../parts/dialog.js';
import { Filters, textsIn } from '../../parts/filters.js';
import { bound, Choice, Field, into } from '../../parts/form-fields.js';
import { type Column, LongTable } from '../../parts/long-table.js';
import { PageHead } from '../../parts/page.js';
import { useDialog } from '../../parts/use-dialog.js';
import { useQuery, useSettled } from '../../parts/use-query.js';
import { ago } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { CameraChoice } from './scope-choice.js';
import { InitialPassword, type User, UserState } from './user-state.js';

const t = wordsOf<typeof en>('users');
const entryText = wordsOf<typeof entry>('entry');

const columns = (): readonly Column<User>[] => [
  {
    head: t('user-name'),
    cell: ({ id, userName, displayName }) => (
      <a href={`/system/users/${id}`}>{displayName === '' ? userName : `${userName} (${displayName})`}</a>
    ),
  },
  { head: t('role'), cell: ({ role }) => role, isMinor: true },
  { head: t('state'), cell: (user) => <UserState of={user} /> },
  {
    head: t('last-login'),
    cell: ({ lastLoginAt }) => (lastLoginAt === undefined ? t('never') : ago(lastLoginAt)),
    isMinor: true,
  },
];

/** The accounts of the people who operate the box. */
export default function Users() {
  const query = useQuery();
  const adding = useDialog();
  const roles = useFetched('roles.list', {});
  const list = useList('users.list', useSettled(textsIn(query, ['search', 'role'])));
  const roleNames = (roles.value ?? []).map(({ name }) => name);
  return (
    <>
      <PageHead
        title={t('users')}
        lead={t('users-lead')}
        actions={[
          {
            text: t('new-user'),
            look: 'primary',
            isOffered: can('users:write'),
            onAct: adding.opens(true),
          },
        ]}
      >
        <a href="/system/roles">{t('roles')}</a>
      </PageHead>
      <Filters saved={{ query, page: 'users' }}>
        <Field label={t('search')} type="search" maxLength={64} {...query.bound('search')} />
        <Choice
          label={t('role')}
          {...query.bound('role')}
          options={[['', t('any-role')], ...roleNames.map((name) => [name, name] as const)]}
        />
      </Filters>
      <LongTable
        caption={t('users')}
        list={list}
        columns={columns()}
        keyOf={({ id }) => id}
        empty={t('no-users')}
      />
      {adding.of && <NewUser roles={roleNames} onClose={() => adding.closes(list.reload)()} />}
    </>
  );
}

/** Creates an account, and shows the password that the box made for it. */
function NewUser({ roles, onClose }: { readonly roles: readonly string[]; readonly onClose: () => void }) {
  const userName = useSignal('');
  const displayName = useSignal('');
  const role = useSignal('viewer');
  const cameras = useSignal<readonly string[] | undefined>(undefined);
  const made = useSignal<Output<'users.create'> | undefined>(undefined);
  if (made.value !== undefined) return <InitialPassword of={made.value} onClose={onClose} />;
  return (
    <Confirm
      title={t('new-user')}
      act={t('create-user')}
      isReady={cameras.value?.length !== 0}
      onAct={async () => {
        made.value = await call('users.create', {
          ...{ userName: userName.value.trim(), displayName: displayName.value.trim(), role: role.value },
          ...(cameras.value && { cameras: [...cameras.value] }),
        });
      }}
      onClose={(isDone) => {
        if (!isDone) onClose();
      }}
    >
      <p>{t('create-why')}</p>
      <Field
        label={t('user-name')}
        hint={entryText('user-name-hint')}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        required
        {...bound(userName)}
      />
      <Field label={t('display-name')} autocomplete="off" maxLength={100} {...bound(displayName)} />
      <Choice label={t('role')} {...bound(role)} options={roles.map((name) => [name, name] as const)} />
      <CameraChoice chosen={cameras.value} onChange={into(cameras)} />
    </Confirm>
  );
}
