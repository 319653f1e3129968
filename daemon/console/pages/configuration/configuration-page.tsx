import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import type { CustomField } from '../../../kernel/persons/custom-fields.js';
import type { Output } from '../../api/call.js';
import { can } from '../../api/session.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/configuration.json';
import { ActionBar } from '../../parts/actions.js';
import { Choice, Field, Tick } from '../../parts/form-fields.js';
import { Badge, Loaded, PageHead, Section, toSystem } from '../../parts/page.js';
import { sentence } from '../../parts/shown-fault.js';
import { Table } from '../../parts/table.js';
import { useDialog } from '../../parts/use-dialog.js';
import { RestoredDraft, useDraft } from '../../parts/use-draft.js';
import { wordsOf } from '../../words/words.js';
import {
  choicesOf,
  Differences,
  isList,
  Problems,
  Review,
  type Setting,
  sectionName,
  settingName,
  valueText,
  wordOf,
} from './configuration-review.js';
import { FieldsEditor } from './fields-editor.js';

const t = wordsOf<typeof en>('configuration');

type Shown = Output<'config.show'>;
type Draft = Readonly<Record<string, unknown>>;

/** In the order in which owners look for them; others follow. */
const firstSections = [
  'rules',
  'liveness',
  'identification',
  'attendance',
  'alerts',
  'evidence',
  'retention',
];

/** The settings of the box: those that the box keeps itself can be changed. */
export default function Configuration() {
  const shown = useFetched('config.show', {});
  return (
    <>
      <PageHead title={t('title')} lead={t('lead')} back={toSystem()}>
        <a href="/system/configuration/text">{t('as-text')}</a>
      </PageHead>
      <Loaded of={shown}>{(value) => <Form of={value} onApplied={() => void shown.reload()} />}</Loaded>
    </>
  );
}

function Form({ of, onApplied }: { readonly of: Shown; readonly onApplied: () => void }) {
  const { draft, restored, clear } = useDraft<Draft>('config.apply', {});
  const reviewing = useDialog();
  useEffect(() => {
    // The sections exist only now, so the browser could not find the one of the address before.
    document.getElementById(location.hash.slice(1))?.scrollIntoView();
  }, []);
  const change = (setting: Setting, value: unknown): void => {
    const { [setting.path]: _, ...others } = draft.value;
    const isSame = value === undefined || JSON.stringify(value) === JSON.stringify(setting.value);
    const isBack = value === null && setting.origin !== 'console';
    draft.value = isSame || isBack ? others : { ...others, [setting.path]: value };
  };
  const count = Object.keys(draft.value).length;
  return (
    <>
      <State of={of} />
      <RestoredDraft of={restored} />
      {sectionsOf(of.settings).map(([section, settings]) => (
        <div key={section} id={section}>
          <Section title={sectionName(section)}>
            <div class="settings">
              {settings.map((setting) => (
                <SettingField
                  key={setting.path}
                  setting={setting}
                  draft={draft.value[setting.path]}
                  mayChange={can('config:write')}
                  onDraft={(value) => change(setting, value)}
                />
              ))}
            </div>
          </Section>
        </div>
      ))}
      <Fixed of={of} />
      {count > 0 && (
        <ActionBar
          place="savebar"
          before={<span role="status">{t('changes', { count })}</span>}
          of={[
            { text: t('discard'), onAct: () => clear() },
            { text: t('review'), look: 'primary', onAct: reviewing.opens(true) },
          ]}
        />
      )}
      {reviewing.of && (
        <Review
          change={{ settings: { ...draft.value } }}
          revision={of.revision}
          onClose={(isDone) => {
            reviewing.closes()();
            if (isDone) clear();
            onApplied();
          }}
        />
      )}
    </>
  );
}

/** What is wrong with the files, and what is not in force yet. */
export function State({ of: { problems, pending } }: { readonly of: Shown }) {
  return (
    <>
      {problems.length > 0 && (
        <Section title={t('problems')}>
          <p>{t('problems-lead')}</p>
          <Problems of={problems} />
        </Section>
      )}
      {pending.length > 0 && (
        <Section title={t('pending')}>
          <p>{t('pending-lead')}</p>
          <Differences of={pending} />
        </Section>
      )}
    </>
  );
}

/** The settings that only the configuration file sets. */
function Fixed({ of: { settings, file } }: { readonly of: Shown }) {
  const fixed = settings.filter(({ isChangeable, origin }) => !isChangeable && origin !== 'default');
  return (
    <details class="card">
      <summary>{t('fixed')}</summary>
      <p class="quiet">{t('fixed-lead', { path: file.path })}</p>
      <Table
        label={t('fixed')}
        items={fixed}
        keyOf={({ path }) => path}
        columns={[
          { head: t('setting'), cell: ({ path }) => settingName(path) },
          { head: t('value'), cell: ({ path, value }) => valueText(path, value) },
          { head: t('origin'), isMinor: true, cell: ({ origin }) => t(`origin-${origin}`) },
        ]}
      />
    </details>
  );
}

function sectionsOf(settings: readonly Setting[]): readonly (readonly [string, readonly Setting[]])[] {
  const sections = new Map<string, readonly Setting[]>(firstSections.map((each) => [each, []]));
  for (const setting of settings.filter(({ isChangeable }) => isChangeable)) {
    const section = setting.path.split('.')[0] ?? '';
    sections.set(section, [...(sections.get(section) ?? []), setting]);
  }
  return [...sections].filter(([, found]) => found.length > 0);
}

const tones = { console: 'info', file: 'quiet', default: 'quiet' } as const;

interface SettingProps {
  readonly setting: Setting;
  /** What the user has entered; null: give it back; undefined: nothing. */
  readonly draft: unknown;
  readonly mayChange: boolean;
  readonly onDraft: (value: unknown) => void;
}

/** One setting with where its value comes from. */
function SettingField({ setting, draft, mayChange, onDraft }: SettingProps) {
  const { path, configured, origin } = setting;
  const isGivenBack = draft === null;
  return (
    <div class="setting">
      {path === 'persons.fields' && (
        <FieldsEditor
          title={settingName(path)}
          fields={(isGivenBack ? configured : (draft ?? setting.value)) as readonly CustomField[]}
          disabled={!mayChange || isGivenBack}
          onFields={onDraft}
        />
      )}
      {path !== 'persons.fields' && isList(setting) && (
        <p>
          <strong>{settingName(path)}</strong>: {valueText(path, setting.value)}{' '}
          <a href="/system/configuration/text">{t('edit-as-text')}</a>
        </p>
      )}
      {!isList(setting) && (
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

/** A text with `code` in it, as descriptions of settings have. */
const withCode = (text: string): ComponentChildren =>
  text.split('`').map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part));

function Control({ setting, value, disabled, onValue }: ControlProps) {
  const { path, schema } = setting;
  const label = settingName(path);
  const hint = withCode(sentence(setting.description));
  const choices = choicesOf(setting);
  if (choices !== undefined) {
    return <Choice {...{ label, hint, disabled, onValue }} value={String(value)} options={choices} />;
  }
  if (schema['type'] === 'boolean') {
    return (
      <>
        <Tick label={label} value={value === true} disabled={disabled} onValue={onValue} />
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
          value={isWord}
          disabled={disabled}
          onValue={(isOn) => onValue(isOn ? word : numberOf(setting))}
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
