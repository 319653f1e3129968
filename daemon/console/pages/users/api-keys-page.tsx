import { useSignal } from '@preact/signals';
import type { Scope } from '../../../contract/scopes.js';
import { call } from '../../api/call.js';
import type { Output } from '../../api/request.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/users.json';
import { Confirm } from '../../parts/dialog.js';
import { bound, Field } from '../../parts/field.js';
import { say } from '../../parts/notes.js';
import { Empty, Facts, Loaded, PageHead, Section } from '../../parts/page.js';
import { ShownOnce } from '../../parts/shown-once.js';
import { ago, dayAndTime } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';
import { CameraChoice, ScopeChoice, ScopeList } from './scope-choice.js';

const t = wordsOf<typeof en>('users');

type ApiKey = Output<'api-keys.list'>[number];

/** The keys of programs. */
export default function ApiKeys() {
  const keys = useFetched('api-keys.list', {});
  const isMaking = useSignal(false);
  const revoked = useSignal<ApiKey | undefined>(undefined);
  return (
    <>
      <PageHead title={t('keys')} lead={t('keys-lead')} back={{ href: '/system/users', text: t('users') }}>
        {can('users:write') && (
          <button
            type="button"
            onClick={() => {
              isMaking.value = true;
            }}
          >
            {t('new-key')}
          </button>
        )}
      </PageHead>
      <Loaded of={keys}>
        {(value) =>
          value.length === 0 ? (
            <Empty>{t('no-keys')}</Empty>
          ) : (
            value.map((key) => (
              <KeyCard
                key={key.id}
                of={key}
                onRevoke={() => {
                  revoked.value = key;
                }}
              />
            ))
          )
        }
      </Loaded>
      {isMaking.value && (
        <NewApiKey
          onClose={() => {
            isMaking.value = false;
            void keys.reload();
          }}
        />
      )}
      {revoked.value && (
        <Revoke
          of={revoked.value}
          onClose={(isDone) => {
            revoked.value = undefined;
            if (isDone) void keys.reload();
          }}
        />
      )}
    </>
  );
}

function KeyCard({ of: key, onRevoke }: { readonly of: ApiKey; readonly onRevoke: () => void }) {
  return (
    <Section
      title={key.label}
      acts={
        can('users:write') && (
          <button type="button" class="small secondary" onClick={onRevoke}>
            {t('revoke')}
          </button>
        )
      }
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

function Revoke({
  of: { id, label },
  onClose,
}: {
  readonly of: ApiKey;
  readonly onClose: (isDone: boolean) => void;
}) {
  return (
    <Confirm
      title={t('revoke-title', { label })}
      act={t('revoke')}
      isDestructive
      onAct={async () => {
        await call('api-keys.revoke', { id });
        say(t('revoked', { label }));
      }}
      onClose={onClose}
    >
      <p>{t('revoke-what')}</p>
    </Confirm>
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
      act={t('make-key')}
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
      <ScopeChoice
        chosen={scopes.value}
        onChange={(chosen) => {
          scopes.value = chosen;
        }}
      />
      {scopes.value.length === 0 && <p class="quiet">{t('pick-scope')}</p>}
      <CameraChoice
        chosen={cameras.value}
        onChange={(chosen) => {
          cameras.value = chosen;
        }}
      />
    </Confirm>
  );
}
