import { useSignal } from '@preact/signals';
import { can } from '../../api/session.js';
import { useFetched, useList } from '../../api/use-fetched.js';
import type en from '../../messages/en/users.json';
import { bound } from '../../parts/bound.js';
import { Choice, Field } from '../../parts/field.js';
import { type Column, LongTable } from '../../parts/long-table.js';
import { PageHead } from '../../parts/page.js';
import { ago } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import { NewUser } from './new-user.js';
import { type User, UserState } from './user-state.js';

const t = wordsOf<typeof en>('users');

const columns = (): readonly Column<User>[] => [
  {
    key: 'name',
    head: t('user-name'),
    cell: ({ id, userName, displayName }) => (
      <a href={`/system/users/${id}`}>{displayName === '' ? userName : `${userName} (${displayName})`}</a>
    ),
  },
  { key: 'role', head: t('role'), cell: ({ role }) => role, isMinor: true },
  { key: 'state', head: t('state'), cell: (user) => <UserState of={user} /> },
  {
    key: 'login',
    head: t('last-login'),
    cell: ({ lastLoginAt }) => (lastLoginAt === undefined ? t('never') : ago(lastLoginAt)),
    isMinor: true,
  },
];

/** The accounts of the people who operate the box. */
export default function Users() {
  const search = useSignal('');
  const role = useSignal('');
  const isAdding = useSignal(false);
  const roles = useFetched('roles.list', {});
  const list = useList('users.list', {
    ...(search.value.trim() !== '' && { search: search.value.trim() }),
    ...(role.value !== '' && { role: role.value }),
  });
  const roleNames = (roles.value ?? []).map(({ name }) => name);
  return (
    <>
      <PageHead title={t('users')} lead={t('users-lead')}>
        <a href="/system/roles">{t('roles')}</a>
        {can('users:write') && (
          <button
            type="button"
            onClick={() => {
              isAdding.value = true;
            }}
          >
            {t('new-user')}
          </button>
        )}
      </PageHead>
      <div class="filters">
        <Field label={t('search')} type="search" maxLength={64} {...bound(search)} />
        <Choice
          label={t('role')}
          {...bound(role)}
          options={[['', t('any-role')], ...roleNames.map((name) => [name, name] as const)]}
        />
      </div>
      <LongTable
        caption={t('users')}
        list={list}
        columns={columns()}
        keyOf={({ id }) => id}
        empty={t('no-users')}
      />
      {isAdding.value && (
        <NewUser
          roles={roleNames}
          onClose={() => {
            isAdding.value = false;
            void list.reload();
          }}
        />
      )}
    </>
  );
}
