import type { Scope } from '../../../contract/scopes.js';
import { call, type Output } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/users.json';
import { Confirm } from '../../parts/dialog.js';
import { Field } from '../../parts/form-fields.js';
import { say } from '../../parts/notes.js';
import { Badge, Loaded, PageHead, Section } from '../../parts/page.js';
import { useDialog } from '../../parts/use-dialog.js';
import { RestoredDraft, useDraft } from '../../parts/use-draft.js';
import { wordsOf } from '../../words/words.js';
import { ScopeChoice, ScopeList } from './scope-choice.js';

const t = wordsOf<typeof en>('users');

type Role = Output<'roles.get'>;

/** The roles, with what each allows. */
export default function Roles() {
  const roles = useFetched('roles.list', {});
  const saving = useDialog<{ readonly role?: Role }>();
  return (
    <>
      <PageHead
        title={t('roles')}
        lead={t('roles-lead')}
        back={{ href: '/system/users', text: t('users') }}
        actions={[
          {
            text: t('new-role'),
            look: 'primary',
            isOffered: can('users:write'),
            onAct: saving.opens({}),
          },
        ]}
      />
      <Loaded of={roles}>
        {(value) =>
          value.map((role) => (
            <RoleCard
              key={role.name}
              role={role}
              onChange={() => saving.open({ role })}
              onRemoved={roles.reload}
            />
          ))
        }
      </Loaded>
      {saving.of && <RoleForm role={saving.of.role} onClose={saving.closes(roles.reload)} />}
    </>
  );
}

interface RoleCardProps {
  readonly role: Role;
  readonly onChange: () => void;
  readonly onRemoved: () => Promise<void>;
}

function RoleCard({ role, onChange, onRemoved }: RoleCardProps) {
  const { name, description, scopes, isBuiltIn, userCount } = role;
  const mayChange = !isBuiltIn && can('users:write');
  return (
    <Section
      title={name}
      acts={isBuiltIn && <Badge tone="quiet">{t('built-in')}</Badge>}
      actions={[
        { text: t('change'), isOffered: mayChange, onAct: onChange },
        {
          text: t('remove-role'),
          isOffered: mayChange,
          ask: {
            title: t('remove-role-title', { name }),
            text: t('remove-role-what', { name }),
            isDestructive: true,
          },
          onAct: async () => {
            await call('roles.remove', { name });
            say(t('role-removed', { name }));
          },
          onDone: onRemoved,
        },
      ]}
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

/** A role as a form holds it. */
interface RoleDraft {
  readonly name: string;
  readonly description: string;
  readonly scopes: readonly Scope[];
}

const draftOf = (role: Role | undefined): RoleDraft => ({
  name: role?.name ?? '',
  description: role?.description ?? '',
  scopes: role?.scopes ?? [],
});

interface RoleFormProps {
  /** Absent: a new role. */
  readonly role: Output<'roles.get'> | undefined;
  /** `isDone` also after a conflict: then the list is old. */
  readonly onClose: (isDone: boolean) => void;
}

/** Creates or changes a role. */
function RoleForm({ role, onClose }: RoleFormProps) {
  const { draft, restored, clear } = useDraft<RoleDraft>(`roles ${role?.name ?? ''}`, draftOf(role), {
    revision: role?.revision,
  });
  const { name, description, scopes } = draft.value;
  const put = (changes: Partial<RoleDraft>): void => {
    draft.value = { ...draft.value, ...changes };
  };
  const save = async (): Promise<void> => {
    const given = { description: description.trim(), scopes: [...scopes] };
    const saved =
      role === undefined
        ? await call('roles.create', { ...given, name: name.trim() })
        : await call('roles.change', { ...given, name: role.name, ifRevision: role.revision });
    clear();
    say(t('role-saved', { name: saved.name }));
  };
  return (
    <Confirm
      title={role === undefined ? t('new-role') : t('change-role', { name: role.name })}
      act={role === undefined ? t('create-role') : t('save')}
      isReady={scopes.length > 0}
      onAct={save}
      onAnew={() => onClose(true)}
      onClose={onClose}
    >
      <RestoredDraft of={restored} />
      {role === undefined ? (
        <Field
          label={t('role-name')}
          hint={t('role-name-hint')}
          autocomplete="off"
          autocapitalize="none"
          spellcheck={false}
          required
          value={name}
          onValue={(text) => put({ name: text })}
        />
      ) : (
        <p class="quiet">{t('role-ends')}</p>
      )}
      <Field
        label={t('description')}
        autocomplete="off"
        maxLength={200}
        value={description}
        onValue={(text) => put({ description: text })}
      />
      <ScopeChoice chosen={scopes} onChange={(chosen) => put({ scopes: chosen })} />
    </Confirm>
  );
}
