import { useSignal } from '@preact/signals';
import type { Scope } from '../../../contract/scopes.js';
import { call } from '../../api/call.js';
import type { Output } from '../../api/request.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/users.json';
import { Confirm } from '../../parts/dialog.js';
import { bound, Field, into } from '../../parts/form-fields.js';
import { say } from '../../parts/notes.js';
import { Facts, Loaded, PageHead, Section } from '../../parts/page.js';
import { ShownOnce } from '../../parts/shown-once.js';
import { useDialog } from '../../parts/use-dialog.js';
import { ago, dayAndTime } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';
import { CameraChoice, ScopeChoice, ScopeList } from './scope-choice.js';

const t = wordsOf<typeof en>('users');

type ApiKey = Output<'api-keys.list'>[number];

/** The keys of programs. */
export default function ApiKeys() {
  const keys = useFetched('api-keys.list', {});
  const making = useDialog();
  return (
    <>
      <PageHead
        title={t('keys')}
        lead={t('keys-lead')}
        back={{ href: '/system/users', text: t('users') }}
        actions={[
          {
            text: t('new-key'),
            look: 'primary',
            isOffered: can('users:write'),
            onAct: making.opens(true),
          },
        ]}
      />
      <Loaded of={keys} empty={t('no-keys')}>
        {(value) => value.map((key) => <KeyCard key={key.id} of={key} onRevoked={keys.reload} />)}
      </Loaded>
      {making.of && <NewApiKey onClose={() => making.closes(keys.reload)()} />}
    </>
  );
}

interface KeyCardProps {
  readonly of: ApiKey;
  readonly onRevoked: () => Promise<void>;
}

function KeyCard({ of: key, onRevoked }: KeyCardProps) {
  const { id, label } = key;
  return (
    <Section
      title={label}
      actions={[
        {
          text: t('revoke'),
          isOffered: can('users:write'),
          ask: { title: t('revoke-title', { label }), text: t('revoke-what'), isDestructive: true },
          onAct: async () => {
            await call('api-keys.revoke', { id });
            say(t('revoked', { label }));
          },
          onDone: onRevoked,
        },
      ]}
    >
      <Facts
        of={[
          [t('expires'), dayAndTime(key.expiresAt)],
          [t('last-used'), key.lastUsedAt === undefined ? t('never') : ago(key.lastUsedAt)],
          [t('cameras'), key.cameras === undefined ? t('all-cameras') : key.cameras.join(', ')],
          [t('created'), dayAndTime(key.createdAt)],
          [t('made-by'), <code key="by">{key.createdBy}</code>],
        ]}
      />
      <details>
        <summary>{t('scope-count', { count: key.scopes.length })}</summary>
        <ScopeList of={key.scopes} />
      </details>
    </Section>
  );
}

const usualDays = '365';

/** Makes a key for a program, and shows its secret once. */
function NewApiKey({ onClose }: { readonly onClose: () => void }) {
  const label = useSignal('');
  const days = useSignal(usualDays);
  const scopes = useSignal<readonly Scope[]>([]);
  const cameras = useSignal<readonly string[] | undefined>(undefined);
  const made = useSignal<Output<'api-keys.create'> | undefined>(undefined);
  if (made.value !== undefined) {
    const { apiKey, secret } = made.value;
    return (
      <ShownOnce
        title={t('secret-title', { label: apiKey.label })}
        label={t('secret')}
        secret={secret}
        onClose={onClose}
      >
        {t('secret-once')}
      </ShownOnce>
    );
  }
  return (
    <Confirm
      title={t('new-key')}
      act={t('new-key')}
      isReady={scopes.value.length > 0 && cameras.value?.length !== 0}
      onAct={async () => {
        made.value = await call('api-keys.create', {
          ...{ label: label.value.trim(), scopes: [...scopes.value], expiresInDays: Number(days.value) },
          ...(cameras.value && { cameras: [...cameras.value] }),
        });
      }}
      onClose={(isDone) => {
        if (!isDone) onClose();
      }}
    >
      <Field
        label={t('label')}
        hint={t('label-hint')}
        autocomplete="off"
        required
        maxLength={100}
        {...bound(label)}
      />
      <Field
        label={t('expires-in')}
        hint={t('expires-hint')}
        type="number"
        required
        min={1}
        max={730}
        step={1}
        {...bound(days)}
      />
      <ScopeChoice chosen={scopes.value} onChange={into(scopes)} />
      {scopes.value.length === 0 && <p class="quiet">{t('pick-scope')}</p>}
      <CameraChoice chosen={cameras.value} onChange={into(cameras)} />
    </Confirm>
  );
}
