import { useSignal } from '@preact/signals';
import type { CommandScope } from '../../../contract/command-scopes.js';
import { call, type Output } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/identity.json';
import type { Action } from '../../parts/actions.js';
import { ActionBar } from '../../parts/actions.js';
import { Confirm } from '../../parts/dialog.js';
import { Area, bound, Field, into, Ticks } from '../../parts/form-fields.js';
import { say } from '../../parts/notes.js';
import { Badge, Empty, Facts, Loaded, Section } from '../../parts/page.js';
import { useDialog } from '../../parts/use-dialog.js';
import { dayAndTime, laterDay, number, startOfDay } from '../../time/site-format.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('identity');

type Status = Output<'trust.list'>;
type Key = Status['keys'][number];

/** The centres whose commands the box executes. */
export function Trust() {
  const trust = useFetched('trust.list', {});
  const adding = useDialog();
  return (
    <>
      <Section
        title={t('trust')}
        actions={[{ text: t('trust-add'), isOffered: can('trust:write'), onAct: adding.opens(true) }]}
      >
        <p class="quiet">{t('trust-lead')}</p>
        <Loaded of={trust}>
          {({ keys, commands }) => (
            <>
              {keys.length === 0 ? (
                <Empty>{t('no-trust')}</Empty>
              ) : (
                <Keys of={keys} onRemoved={trust.reload} />
              )}
              <Commands of={commands} />
            </>
          )}
        </Loaded>
      </Section>
      {trust.value && trust.value.aside.length > 0 && (
        <Aside of={trust.value.aside} onDismissed={trust.reload} />
      )}
      {adding.of && <AddTrust onClose={adding.closes(trust.reload)} />}
    </>
  );
}

interface KeysProps {
  readonly of: readonly Key[];
  readonly onRemoved: () => Promise<void>;
}

function Keys({ of, onRemoved }: KeysProps) {
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
          <ActionBar isSmall of={[removalOf(key, onRemoved)]} />
        </li>
      ))}
    </ul>
  );
}

const removalOf = ({ issuer, keyId: key }: Key, onRemoved: () => Promise<void>): Action => ({
  text: t('trust-remove'),
  isOffered: can('trust:write'),
  ask: {
    title: t('trust-remove-title', { issuer }),
    text: t('trust-remove-what', { key }),
    isDestructive: true,
  },
  onAct: () => call('trust.remove', { issuer, key }),
  onDone: () => {
    say(t('trust-removed', { issuer }));
    return onRemoved();
  },
});

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

interface AsideProps {
  readonly of: Status['aside'];
  readonly onDismissed: () => Promise<void>;
}

function Aside({ of, onDismissed }: AsideProps) {
  return (
    <Section
      title={t('aside')}
      actions={[
        {
          text: t('dismiss'),
          isOffered: can('trust:write'),
          ask: { title: t('aside'), text: t('dismiss-what'), isDestructive: true },
          onAct: async () => {
            const { dismissed } = await call('trust.dismiss');
            say(t('dismissed', { count: dismissed }));
          },
          onDone: onDismissed,
        },
      ]}
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
      <Area
        label={t('public-key')}
        hint={t('public-key-hint')}
        rows={4}
        required
        spellcheck={false}
        autocomplete="off"
        {...bound(key)}
      />
      <fieldset>
        <legend>{t('pick-scopes')}</legend>
        <Ticks
          options={commandScopes.map((scope) => [scope, t(`may-${scope}`)] as const)}
          chosen={scopes.value}
          onChange={into(scopes)}
        />
      </fieldset>
      <Field label={t('until-day')} type="date" {...bound(until)} />
    </Confirm>
  );
}
