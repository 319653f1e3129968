import { useSignal } from '@preact/signals';
import type { Scope } from '../../../contract/scopes.js';
import { call, type Output } from '../../api/call.js';
import type en from '../../messages/en/users.json';
import { bound } from '../../parts/bound.js';
import { Confirm } from '../../parts/dialog.js';
import { Field } from '../../parts/field.js';
import { say } from '../../parts/notes.js';
import { wordsOf } from '../../words/words.js';
import { ScopeChoice } from './choices.js';

const t = wordsOf<typeof en>('users');

interface RoleFormProps {
  /** Absent: a new role. */
  readonly role: Output<'roles.get'> | undefined;
  /** `isDone` also after a conflict: then the list is old. */
  readonly onClose: (isDone: boolean) => void;
}

/** Creates or changes a role. */
export function RoleForm({ role, onClose }: RoleFormProps) {
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
