import {
  type AlertSubject,
  alertSubjects,
  type Counting,
  countings,
  isAboutCameras,
  isOccurrence,
} from '../../../kernel/alerts/alert-rule.js';
import { type Severity, severities } from '../../../kernel/severity.js';
import type en from '../../messages/en/alerts.json';
import { subjectWord } from '../../parts/term-words.js';
import { wordsOf } from '../../words/words.js';

/** A rule as the configuration has it. */
export interface RuleSetting {
  readonly id: string;
  readonly on: string;
  readonly channels: readonly string[];
  readonly severity?: string;
  readonly cameras?: readonly string[];
  readonly threshold?: { readonly of: string; readonly count: number; readonly withinMinutes?: number };
  readonly minimumS?: number;
  readonly quietHours?: { readonly from: string; readonly to: string; readonly days?: readonly string[] };
  readonly cooldownMinutes?: number;
  /** Templates, which the form leaves as they are. */
  readonly subject?: string;
  readonly text?: string;
}

/** A rule as a form holds it: an empty text for what is absent. */
export interface RuleDraft {
  readonly id: string;
  readonly on: AlertSubject;
  readonly channels: readonly string[];
  /** `undefined`: all cameras. */
  readonly cameras: readonly string[] | undefined;
  readonly severity: Severity;
  readonly of: Counting;
  readonly count: string;
  readonly withinMinutes: string;
  readonly minimumS: string;
  readonly quietFrom: string;
  readonly quietTo: string;
  readonly cooldownMinutes: string;
}

const textOf = (value: number | undefined): string => (value === undefined ? '' : String(value));

export function draftOf(rule: RuleSetting | undefined, channels: readonly string[]): RuleDraft {
  const { threshold, quietHours, minimumS, cooldownMinutes = 10 } = rule ?? {};
  return {
    id: rule?.id ?? '',
    on: alertSubjects.find((each) => each === rule?.on) ?? 'unknown',
    channels: rule?.channels ?? channels.slice(0, 1),
    cameras: rule?.cameras,
    severity: severities.find((each) => each === rule?.severity) ?? 'warning',
    of: countings.find((each) => each === threshold?.of) ?? 'events',
    count: String(threshold?.count ?? 1),
    withinMinutes: textOf(threshold?.withinMinutes),
    minimumS: textOf(minimumS),
    quietFrom: quietHours?.from ?? '',
    quietTo: quietHours?.to ?? '',
    cooldownMinutes: String(cooldownMinutes),
  };
}

/** What `threshold` can count for this subject. */
export const countingsFor = (on: AlertSubject): readonly Counting[] =>
  on === 'unknown' ? countings : ['events'];

/** The rule that a form describes, with the days and the templates that it had before. What the subject does not know is left out. */
export function ruleOf(draft: RuleDraft, before: RuleSetting | undefined): RuleSetting {
  const { id, on, channels, cameras, severity, count, withinMinutes, quietFrom: from, quietTo: to } = draft;
  const of = countingsFor(on).find((each) => each === draft.of) ?? 'events';
  const counts = isOccurrence(on) && (of !== 'events' || Number(count) > 1);
  const within = of !== 'visits' && withinMinutes !== '' ? { withinMinutes: Number(withinMinutes) } : {};
  const days = before?.quietHours?.days;
  return {
    ...{ id: id.trim(), on, channels, severity, cooldownMinutes: Number(draft.cooldownMinutes) },
    ...(isAboutCameras(on) && cameras !== undefined && { cameras }),
    ...(counts && { threshold: { of, count: Number(count), ...within } }),
    ...(!isOccurrence(on) && draft.minimumS !== '' && { minimumS: Number(draft.minimumS) }),
    ...(from !== '' && to !== '' && { quietHours: { from, to, ...(days && { days }) } }),
    ...(before?.subject !== undefined && { subject: before.subject }),
    ...(before?.text !== undefined && { text: before.text }),
  };
}

const t = wordsOf<typeof en>('alerts');

/** What a rule counts. The contract leaves it open: what is newer is shown as it comes. */
export function countingWord(of: string): string {
  const known = countings.find((each) => each === of);
  return known === undefined ? of : t(`count-${known}`);
}

/** A rule in sentences. */
export function ruleText(rule: RuleSetting): string {
  const { on, channels, cameras, threshold, minimumS, quietHours, cooldownMinutes = 10 } = rule;
  const parts = [
    t('rule-on', { on: subjectWord(on), channels: channels.join(', ') }),
    cameras && t('rule-cameras', { cameras: cameras.join(', ') }),
    threshold &&
      t('rule-threshold', {
        count: threshold.count,
        of: countingWord(threshold.of),
        minutes: threshold.withinMinutes ?? 10,
      }),
    minimumS !== undefined && t('rule-minimum', { seconds: minimumS }),
    quietHours && t('rule-quiet', { from: quietHours.from, to: quietHours.to }),
    t('rule-cooldown', { minutes: cooldownMinutes }),
  ];
  return parts.filter(Boolean).join(' ');
}
