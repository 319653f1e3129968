import type en from '../../messages/en/configuration.json';
import { sentence } from '../../parts/fault.js';
import { Choice, Field, Tick } from '../../parts/field.js';
import { Badge } from '../../parts/page.js';
import { wordsOf } from '../../words/words.js';
import { choicesOf, isList, type Setting, settingName, valueText, wordOf } from './setting-words.js';

const t = wordsOf<typeof en>('configuration');

const tones = { console: 'info', file: 'quiet', default: 'quiet' } as const;

interface SettingProps {
  readonly setting: Setting;
  /** What the user has entered; null: give it back; undefined: nothing. */
  readonly draft: unknown;
  readonly mayChange: boolean;
  readonly onDraft: (value: unknown) => void;
}

/** One setting with where its value comes from. */
export function SettingField({ setting, draft, mayChange, onDraft }: SettingProps) {
  const { path, configured, origin } = setting;
  const isGivenBack = draft === null;
  return (
    <div class="setting">
      {isList(setting) ? (
        <p>
          <strong>{settingName(path)}</strong>: {valueText(path, setting.value)}{' '}
          <a href="/system/configuration/text">{t('edit-as-text')}</a>
        </p>
      ) : (
        <Control
          setting={setting}
          value={isGivenBack ? configured : draft === undefined ? setting.value : draft}
          disabled={!mayChange || isGivenBack}
          onValue={onDraft}
        />
      )}
      <div class="origin">
        {origin !== 'default' && <Badge tone={tones[origin]}>{t(`origin-${origin}`)}</Badge>}
        {origin === 'console' && mayChange && (
          <button
            type="button"
            class="plain"
            aria-pressed={isGivenBack}
            onClick={() => onDraft(isGivenBack ? undefined : null)}
          >
            {t(isGivenBack ? 'given-back' : 'give-back', { value: valueText(path, configured) })}
          </button>
        )}
      </div>
    </div>
  );
}

interface ControlProps {
  readonly setting: Setting;
  readonly value: unknown;
  readonly disabled: boolean;
  readonly onValue: (value: unknown) => void;
}

function Control({ setting, value, disabled, onValue }: ControlProps) {
  const { path, schema } = setting;
  const label = settingName(path);
  const hint = <span lang="en">{sentence(setting.description)}</span>;
  const choices = choicesOf(setting);
  if (choices !== undefined) {
    return <Choice {...{ label, hint, disabled, onValue }} value={String(value)} options={choices} />;
  }
  if (schema['type'] === 'boolean') {
    return (
      <>
        <Tick label={label} isOn={value === true} disabled={disabled} onChange={onValue} />
        <small class="hint quiet">{hint}</small>
      </>
    );
  }
  const word = wordOf(setting);
  const isWord = word !== undefined && value === word;
  return (
    <>
      <Field
        {...{ label, hint }}
        type="number"
        step="any"
        value={isWord || value === undefined ? '' : String(value)}
        disabled={disabled || isWord}
        onValue={(text) => onValue(text === '' ? null : Number(text))}
      />
      {word !== undefined && (
        <Tick
          label={valueText(path, word)}
          isOn={isWord}
          disabled={disabled}
          onChange={(isOn) => onValue(isOn ? word : numberOf(setting))}
        />
      )}
    </>
  );
}

/** A number to begin with, where a word stood before. */
function numberOf({ configured, schema }: Setting): number {
  if (typeof configured === 'number') return configured;
  return typeof schema['default'] === 'number' ? schema['default'] : 1;
}
