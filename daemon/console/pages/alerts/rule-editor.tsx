import { useSignal } from '@preact/signals';
import { alertSubjects, isAboutCameras, isOccurrence } from '../../../kernel/alerts/alert-rule.js';
import { severities } from '../../../kernel/severity.js';
import type { Output } from '../../api/call.js';
import { useFetched } from '../../api/use-fetched.js';
import type en from '../../messages/en/alerts.json';
import { Dialog } from '../../parts/dialog.js';
import { Form } from '../../parts/form.js';
import { Choice, Field, Ticks } from '../../parts/form-fields.js';
import { Loaded } from '../../parts/page.js';
import { severityWord, subjectWord } from '../../parts/term-words.js';
import { RestoredDraft, useDraft } from '../../parts/use-draft.js';
import { wordsOf } from '../../words/words.js';
import { Review } from '../configuration/configuration-review.js';
import { CameraChoice } from '../users/scope-choice.js';
import {
  countingsFor,
  countingWord,
  draftOf,
  type RuleDraft,
  type RuleSetting,
  ruleOf,
  ruleText,
} from './rule-draft.js';

const t = wordsOf<typeof en>('alerts');

interface RuleEditorProps {
  /** Absent: a new rule. */
  readonly ruleId?: string | undefined;
  readonly isRemoval?: boolean;
  readonly channels: readonly string[];
  readonly onClose: (isDone: boolean) => void;
}

/** Adds, changes or removes a rule: a form, then what the change does, then the change. */
export default function RuleEditor(props: RuleEditorProps) {
  const shown = useFetched('config.show', {});
  const { value, fault } = shown;
  if (value === undefined || fault !== undefined) {
    return (
      <Dialog title={t('rules')} onClose={() => props.onClose(false)}>
        <Loaded of={shown}>{() => null}</Loaded>
      </Dialog>
    );
  }
  return <Known {...props} of={value} />;
}

function rulesIn({ settings }: Output<'config.show'>): readonly RuleSetting[] {
  const value = settings.find(({ path }) => path === 'alerts.rules')?.value;
  // The box has checked its own configuration.
  return Array.isArray(value) ? (value as readonly RuleSetting[]) : [];
}

function Known({
  ruleId,
  isRemoval = false,
  channels,
  onClose,
  of,
}: RuleEditorProps & { readonly of: Output<'config.show'> }) {
  const rules = rulesIn(of);
  const before = rules.find(({ id }) => id === ruleId);
  const { draft, restored, clear } = useDraft(`alerts.rule ${ruleId ?? ''}`, draftOf(before, channels));
  const isReviewed = useSignal(isRemoval);
  if (!isReviewed.value) {
    return (
      <Dialog
        title={before === undefined ? t('add-rule') : t('change-rule', { rule: before.id })}
        onClose={() => onClose(false)}
        isWide
      >
        <Form
          act={t('review-rule')}
          onAct={() => {
            isReviewed.value = true;
          }}
          isReady={draft.value.channels.length > 0 && draft.value.cameras?.length !== 0}
        >
          <RestoredDraft of={restored} />
          <RuleFields
            draft={draft.value}
            channels={channels}
            onChange={(changed) => {
              draft.value = { ...draft.value, ...changed };
            }}
          />
        </Form>
      </Dialog>
    );
  }
  const after = isRemoval ? undefined : ruleOf(draft.value, before);
  const others = rules.filter(({ id }) => id !== ruleId);
  const changed = rules.map((each) => (each === before && after !== undefined ? after : each));
  const next = after === undefined ? others : before === undefined ? [...rules, after] : changed;
  return (
    <Review
      change={{ settings: { 'alerts.rules': next } }}
      revision={of.revision}
      onClose={(isDone) => {
        if (isDone) clear();
        if (isDone || isRemoval) onClose(isDone);
        else isReviewed.value = false;
      }}
    >
      {before !== undefined && <p>{t('rule-before', { text: `${before.id}: ${ruleText(before)}` })}</p>}
      <p>
        {after === undefined ? t('rule-gone') : t('rule-after', { text: `${after.id}: ${ruleText(after)}` })}
      </p>
    </Review>
  );
}

interface RuleFieldsProps {
  readonly draft: RuleDraft;
  readonly channels: readonly string[];
  readonly onChange: (changed: Partial<RuleDraft>) => void;
}

function RuleFields({ draft, channels, onChange }: RuleFieldsProps) {
  const { id, on, severity, cooldownMinutes, quietFrom, quietTo } = draft;
  return (
    <>
      <div class="field-pair">
        <Field
          label={t('rule-name')}
          hint={t('rule-name-hint')}
          autocapitalize="none"
          required
          maxLength={64}
          value={id}
          onValue={(text) => onChange({ id: text })}
        />
        <Choice
          label={t('on')}
          value={on}
          options={alertSubjects.map((each) => [each, subjectWord(each)] as const)}
          onValue={(chosen) => onChange({ on: chosen })}
        />
      </div>
      {isOccurrence(on) ? (
        <ThresholdFields draft={draft} onChange={onChange} />
      ) : (
        <Field
          label={t('minimum')}
          hint={t('minimum-hint')}
          type="number"
          min={0}
          max={86_400}
          value={draft.minimumS}
          onValue={(minimumS) => onChange({ minimumS })}
        />
      )}
      {isAboutCameras(on) && (
        <CameraChoice chosen={draft.cameras} onChange={(cameras) => onChange({ cameras })} />
      )}
      <fieldset>
        <legend>{t('channels')}</legend>
        <Ticks
          options={channels.map((channel) => [channel, channel] as const)}
          chosen={draft.channels}
          onChange={(chosen) => onChange({ channels: chosen })}
        />
      </fieldset>
      <div class="field-pair">
        <Choice
          label={t('severity')}
          value={severity}
          options={severities.map((each) => [each, severityWord(each)] as const)}
          onValue={(chosen) => onChange({ severity: chosen })}
        />
        <Field
          label={t('cooldown')}
          type="number"
          required
          min={0}
          max={1440}
          value={cooldownMinutes}
          onValue={(text) => onChange({ cooldownMinutes: text })}
        />
      </div>
      <div class="field-pair">
        <Field
          label={t('quiet-from')}
          type="time"
          value={quietFrom}
          onValue={(text) => onChange({ quietFrom: text })}
        />
        <Field
          label={t('quiet-to')}
          type="time"
          value={quietTo}
          onValue={(text) => onChange({ quietTo: text })}
        />
      </div>
    </>
  );
}

function ThresholdFields({ draft, onChange }: Pick<RuleFieldsProps, 'draft' | 'onChange'>) {
  const choices = countingsFor(draft.on);
  return (
    <div class="field-pair">
      <Field
        label={t('count')}
        type="number"
        required
        min={1}
        max={100}
        value={draft.count}
        onValue={(count) => onChange({ count })}
      />
      {choices.length > 1 && (
        <Choice
          label={t('counted')}
          value={draft.of}
          options={choices.map((each) => [each, countingWord(each)] as const)}
          onValue={(of) => onChange({ of })}
        />
      )}
      {draft.of !== 'visits' && (
        <Field
          label={t('within')}
          type="number"
          min={1}
          max={1440}
          placeholder="10"
          value={draft.withinMinutes}
          onValue={(withinMinutes) => onChange({ withinMinutes })}
        />
      )}
    </div>
  );
}
