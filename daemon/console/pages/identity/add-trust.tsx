import { useSignal } from '@preact/signals';
import { useId } from 'preact/hooks';
import type { CommandScope } from '../../../contract/command-scopes.js';
import { call } from '../../api/call.js';
import type en from '../../messages/en/identity.json';
import { bound } from '../../parts/bound.js';
import { Confirm } from '../../parts/dialog.js';
import { Field, Tick } from '../../parts/field.js';
import { say } from '../../parts/notes.js';
import { laterDay, startOfDay } from '../../time/site-time.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('identity');

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
export function AddTrust({ onClose }: { readonly onClose: (isDone: boolean) => void }) {
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
