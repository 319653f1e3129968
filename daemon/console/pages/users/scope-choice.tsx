import type { Scope } from '../../../contract/scopes.js';
import { can, me } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type scopeTexts from '../../messages/en/scopes.json';
import type en from '../../messages/en/users.json';
import { Tick, Ticks } from '../../parts/form-fields.js';
import { wordsOf } from '../../words/words.js';

const t = wordsOf<typeof en>('users');
const scopeText = wordsOf<typeof scopeTexts>('scopes');

/** Each scope with what it allows. */
export function ScopeList({ of }: { readonly of: readonly Scope[] }) {
  return (
    <ul class="scopes">
      {of.map((scope) => (
        <li key={scope}>
          <ScopeText scope={scope} />
        </li>
      ))}
    </ul>
  );
}

function ScopeText({ scope }: { readonly scope: Scope }) {
  return (
    <>
      {scopeText(`scope-${scope}`)} <code>{scope}</code>
    </>
  );
}

interface ScopeChoiceProps {
  readonly chosen: readonly Scope[];
  readonly onChange: (chosen: readonly Scope[]) => void;
}

/** Chooses among the scopes that the caller has, and those that are chosen already. */
export function ScopeChoice({ chosen, onChange }: ScopeChoiceProps) {
  const own = me.value?.scopes ?? [];
  const offered = [...own, ...chosen.filter((scope) => !own.includes(scope))];
  return (
    <fieldset>
      <legend>{t('scopes')}</legend>
      <p class="quiet">{t('scopes-hint')}</p>
      <Ticks
        options={offered.map((scope) => [scope, <ScopeText key={scope} scope={scope} />] as const)}
        {...{ chosen, onChange }}
      />
    </fieldset>
  );
}

interface CameraChoiceProps {
  /** `undefined`: all cameras. */
  readonly chosen: readonly string[] | undefined;
  readonly onChange: (chosen: readonly string[] | undefined) => void;
}

/** Chooses the cameras that an account or a key is limited to. */
export function CameraChoice({ chosen, onChange }: CameraChoiceProps) {
  const cameras = useFetched('cameras.list', {}, { isWanted: can('cameras:read') });
  const known = cameras.value ?? [];
  const offered = [
    ...known.map(({ id, name }) => [id, name] as const),
    ...(chosen ?? []).filter((id) => known.every((each) => each.id !== id)).map((id) => [id, id] as const),
  ];
  return (
    <fieldset>
      <legend>{t('cameras')}</legend>
      <Tick
        label={t('all-cameras')}
        value={chosen === undefined}
        onValue={(isOn) => onChange(isOn ? undefined : [])}
      />
      {chosen !== undefined && (
        <>
          <p class="quiet">{chosen.length === 0 ? t('pick-camera') : t('only-these')}</p>
          <Ticks options={offered} {...{ chosen, onChange }} />
        </>
      )}
    </fieldset>
  );
}
