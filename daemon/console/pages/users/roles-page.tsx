import { useSignal } from '@preact/signals';
import type { Scope } from '../../../contract/scopes.js';
import { call, type Output } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/users.json';
import { Confirm } from '../../parts/dialog.js';
import { bound, Field } from '../../parts/field.js';
import { say } from '../../parts/notes.js';
import { Badge, Loaded, PageHead, Section } from '../../parts/page.js';
import { wordsOf } from '../../words/words.js';
import { ScopeChoice, ScopeList } from './scope-choice.js';

const t = wordsOf<typeof en>('users');

type Role = Output<'roles.get'>;

type Asked =
  | { readonly what: 'save'; readonly role?: Role }
  | { readonly what: 'remove'; readonly role: Role };

/** The roles, with what each allows. */
export default function Roles() {
  const roles = useFetched('roles.list', {});
  const asked = useSignal<Asked | undefined>(undefined);
  const close = (isDone: boolean): void => {
    asked.value = undefined;
    if (isDone) void roles.reload();
  };
  return (
    <>
      <PageHead title={t('roles')} lead={t('roles-lead')} back={{ href: '/system/users', text: t('users') }}>
        {can('users:write') && (
          <button
            type="button"
            onClick={() => {
              asked.value = { what: 'save' };
            }}
          >
            {t('new-role')}
          </button>
        )}
      </PageHead>
      <Loaded of={roles}>
        {(value) =>
          value.map((role) => (
            <RoleCard
              key={role.name}
              role={role}
              onAsk={(what) => {
                asked.value = { what, role };
              }}
            />
          ))
        }
      </Loaded>
      {asked.value?.what === 'save' && <RoleForm role={asked.value.role} onClose={close} />}
      {asked.value?.what === 'remove' && <RemoveRole name={asked.value.role.name} onClose={close} />}
    </>
  );
}

function RoleCard({ role, onAsk }: { readonly role: Role; readonly onAsk: (what: Asked['what']) => void }) {
  const { name, description, scopes, isBuiltIn, userCount } = role;
  return (
    <Section
      title={name}
      acts={
        isBuiltIn ? (
          <Badge tone="quiet">{t('built-in')}</Badge>
        ) : (
          can('users:write') && (
            <>
              <button type="button" class="small secondary" onClick={() => onAsk('save')}>
                {t('change')}
              </button>
              <button type="button" class="small secondary" onClick={() => onAsk('remove')}>
                {t('remove-role')}
              </button>
            </>
          )
        )
      }
    >
      {description !== '' && <p>{description}</p>}
      <details>
        <summary>
          {t('scope-count', { count: scopes.length })} · {t('role-users', { count: userCount })}
        </summary>
        <ScopeList of={scopes} />
      </details>
    </Section>
  );
}

function RemoveRole({
  name,
  onClose,
}: {
  readonly name: string;
  readonly onClose: (isDone: boolean) => void;
}) {
  return (
    <Confirm
      title={t('remove-role-title', { name })}
      act={t('remove-role')}
      isDestructive
      onAct={async () => {
        await call('roles.remove', { name });
        say(t('role-removed', { name }));
      }}
      onClose={onClose}
    >
      <p>{t('remove-role-what', { name })}</p>
    </Confirm>
  );
}

interface RoleFormProps {
  /** Absent: a new role. */
  readonly role: Output<'roles.get'> | undefined;
  /** `isDone` also after a conflict: then the list is old. */
  readonly onClose: (isDone: boolean) => void;
}

/** Creates or changes a role. */
function RoleForm({ role, onClose }: RoleFormProps) {
  const name = useSignal(role?.name ?? '');
  const description = useSignal(role?.description ?? '');
  const scopes = useSignal<readonly Scope[]>(role?.scopes ?? []);
  const save = async (): Promise<void> => {
    const given = { description: description.value.trim(), scopes: [...scopes.value] };
    const saved =
      role === undefined
        ? await call('roles.create', { ...given, name: name.value.trim() })
        : await call('roles.change', { ...given, name: role.name, ifRevision: role.revision });
    say(t('role-saved', { name: saved.name }));
  };
  return (
    <Confirm
      title={role === undefined ? t('new-role') : t('change-role', { name: role.name })}
      act={role === undefined ? t('create-role') : t('save')}
      isReady={scopes.value.length > 0}
      onAct={save}
      onAnew={() => onClose(true)}
      onClose={onClose}
    >
      {role === undefined ? (
        <Field
          label={t('role-name')}
          hint={t('role-name-hint')}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          required
          {...bound(name)}
        />
      ) : (
        <p class="quiet">{t('role-ends')}</p>
      )}
      <Field label={t('description')} autocomplete="off" maxLength={200} {...bound(description)} />
      <ScopeChoice
        chosen={scopes.value}
        onChange={(chosen) => {
          scopes.value = chosen;
        }}
      />
    </Confirm>
  );
}
