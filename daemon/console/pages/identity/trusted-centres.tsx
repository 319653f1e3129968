import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { CommandScope } from '../../../contract/command-scopes.js';
import { call, type Output } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/identity.json';
import { Confirm } from '../../parts/dialog.js';
import { bound, Field, Tick } from '../../parts/field.js';
import { say } from '../../parts/notes.js';
import { Badge, Empty, Facts, Loaded, Section } from '../../parts/page.js';
import { dayAndTime, laterDay, number, startOfDay } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('identity');

type Status = Output<'trust.list'>;
type Key = Status['keys'][number];
type Asked = 'add' | 'dismiss' | Key;

/** The centres whose commands the box executes. */
export function Trust() {
  const trust = useFetched('trust.list', {});
  const asked = useSignal<Asked | undefined>(undefined);
  const ask = (what: Asked) => () => {
    asked.value = what;
  };
  const close = (isDone: boolean): void => {
    asked.value = undefined;
    if (isDone) void trust.reload();
  };
  return (
    <>
      <Section
        title={t('trust')}
        acts={
          can('trust:write') && (
            <button type="button" class="small secondary" onClick={ask('add')}>
              {t('trust-add')}
            </button>
          )
        }
      >
        <p class="quiet">{t('trust-lead')}</p>
        <Loaded of={trust}>
          {({ keys, commands }) => (
            <>
              {keys.length === 0 ? (
                <Empty>{t('no-trust')}</Empty>
              ) : (
                <Keys of={keys} onRemove={(key) => ask(key)()} />
              )}
              <Commands of={commands} />
            </>
          )}
        </Loaded>
      </Section>
      {trust.value && trust.value.aside.length > 0 && (
        <Aside of={trust.value.aside} onDismiss={ask('dismiss')} />
      )}
      {asked.value === 'add' && <AddTrust onClose={close} />}
      {asked.value === 'dismiss' && (
        <Confirm
          title={t('aside')}
          act={t('dismiss')}
          isDestructive
          onAct={async () => {
            const { dismissed } = await call('trust.dismiss');
            say(t('dismissed', { count: dismissed }));
          }}
          onClose={close}
        >
          <p>{t('dismiss-what')}</p>
        </Confirm>
      )}
      {typeof asked.value === 'object' && <RemoveTrust of={asked.value} onClose={close} />}
    </>
  );
}

function Keys({ of, onRemove }: { readonly of: readonly Key[]; readonly onRemove: (key: Key) => void }) {
  return (
    <ul class="rows">
      {of.map((key) => (
        <li key={key.keyId}>
          <div>
            <strong>{key.issuer}</strong> {key.isExpired && <Badge tone="bad">{t('expired')}</Badge>}
            <small>
              <code>{key.keyId}</code> · {key.algorithm}
            </small>
            <small>
              {t('scopes')}: {key.scopes.map((scope) => t(`may-${scope}`)).join(', ')}
            </small>
            <small>
              {t('added')}: {dayAndTime(key.addedAt)} · {t('not-after')}:{' '}
              {key.notAfter === undefined ? t('for-ever') : dayAndTime(key.notAfter)}
            </small>
          </div>
          {can('trust:write') && (
            <button type="button" class="small secondary" onClick={() => onRemove(key)}>
              {t('trust-remove')}
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}

function RemoveTrust({
  of: { issuer, keyId },
  onClose,
}: {
  readonly of: Key;
  readonly onClose: (isDone: boolean) => void;
}) {
  return (
    <Confirm
      title={t('trust-remove-title', { issuer })}
      act={t('trust-remove')}
      isDestructive
      onAct={async () => {
        await call('trust.remove', { issuer, key: keyId });
        say(t('trust-removed', { issuer }));
      }}
      onClose={onClose}
    >
      <p>{t('trust-remove-what', { key: keyId })}</p>
    </Confirm>
  );
}

function Commands({ of }: { readonly of: Status['commands'] }) {
  const refused = Object.entries(of.refused).map(([code, count]) => `${code} ${number(count)}`);
  return (
    <>
      <h3>{t('commands')}</h3>
      <Facts
        of={[
          [t('accepted'), number(of.accepted)],
          [t('executed'), number(of.executed)],
          [t('repeated'), number(of.repeated)],
          [t('waiting'), number(of.waiting)],
          [t('refused'), refused.join(', ')],
        ]}
      />
    </>
  );
}

function Aside({ of, onDismiss }: { readonly of: Status['aside']; readonly onDismiss: () => void }) {
  return (
    <Section
      title={t('aside')}
      acts={
        can('trust:write') && (
          <button type="button" class="small secondary" onClick={onDismiss}>
            {t('dismiss')}
          </button>
        )
      }
    >
      <p>{t('aside-lead')}</p>
      <ul>
        {of.map(({ reason, kind, id, at }) => (
          <li key={`${at} ${id}`}>
            <code>{reason}</code> {kind ?? t('aside-unknown')} {id && <code>{id}</code>} · {dayAndTime(at)}
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** What a centre may be allowed, in the order of the contract. The compiler refuses one that is left out. */
const commandScopes = Object.keys({
  'persons:write': 1,
  'persons:erase': 1,
  'persons:read': 1,
  events: 1,
  attendance: 1,
  alerts: 1,
  passages: 1,
  strangers: 1,
  cameras: 1,
  snapshots: 1,
  keys: 1,
  configuration: 1,
} satisfies Record<CommandScope, 1>) as readonly CommandScope[];

/** Trusts a key of a centre. */
function AddTrust({ onClose }: { readonly onClose: (isDone: boolean) => void }) {
  const keyField = useId();
  const issuer = useSignal('');
  const key = useSignal('');
  const scopes = useSignal<readonly CommandScope[]>([]);
  const until = useSignal('');
  const add = async (): Promise<void> => {
    const added = await call('trust.add', {
      ...{ issuer: issuer.value.trim(), key: key.value, scopes: [...scopes.value] },
      ...(until.value !== '' && { notAfterMs: Date.parse(startOfDay(laterDay(until.value, 1))) }),
    });
    say(t('trust-added', { issuer: added.issuer }));
  };
  return (
    <Confirm
      title={t('trust-add-title')}
      act={t('trust-add')}
      isReady={scopes.value.length > 0}
      onAct={add}
      onClose={onClose}
    >
      <Field
        label={t('issuer')}
        hint={t('issuer-hint')}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
        required
        maxLength={64}
        {...bound(issuer)}
      />
      <div class="field">
        <label for={keyField}>{t('public-key')}</label>
        <textarea
          id={keyField}
          aria-describedby={`${keyField}-hint`}
          rows={4}
          required
          spellcheck={false}
          autocomplete="off"
          value={key.value}
          onInput={(event) => {
            key.value = event.currentTarget.value;
          }}
        />
        <small id={`${keyField}-hint`} class="hint">
          {t('public-key-hint')}
        </small>
      </div>
      <fieldset>
        <legend>{t('pick-scopes')}</legend>
        <div class="ticks">
          {commandScopes.map((scope) => (
            <Tick
              key={scope}
              label={t(`may-${scope}`)}
              isOn={scopes.value.includes(scope)}
              onChange={(isOn) => {
                scopes.value = isOn
                  ? [...scopes.value, scope]
                  : scopes.value.filter((each) => each !== scope);
              }}
            />
          ))}
        </div>
      </fieldset>
      <Field label={t('until-day')} type="date" {...bound(until)} />
    </Confirm>
  );
}
