import { occurrences, partConditions } from '../../kernel/alerts/alert-rule.js';
import { brokerNotConfigured, brokerStates } from '../../kernel/broker.js';
import type { Direction } from '../../kernel/events/event.js';
import { type BoxCondition, boxTroubles } from '../../kernel/events/notice.js';
import type { QualityReason } from '../../kernel/faces/quality.js';
import type { LivenessRequirement } from '../../kernel/liveness/liveness.js';
import type { PassageOutcome } from '../../kernel/passage-outcome.js';
import type { PassageReason } from '../../kernel/passages/passage-reason.js';
import { type Severity, severities } from '../../kernel/severity.js';
import type en from '../messages/en/terms.json';
import { wordsOf } from '../words/words.js';
import type { IconName } from './icon.js';
import { Badge, type Tone } from './page.js';
import { reasonKey } from './reason-key.js';

// Words for the closed lists of the contract, the same on every page.

const term = wordsOf<typeof en>('terms');

export const outcomeWord = (outcome: PassageOutcome): string => term(`outcome-${outcome}`);
/**
 * Why a passage has its outcome, in a few words; without an outcome, what the reason has in common under all. The sentence of the
 * API says it with figures.
 */
export const reasonWord = (reason: PassageReason, outcome?: PassageOutcome): string =>
  term(reasonKey(reason, outcome));
/** What an attendance at a camera means. */
export const directionWord = (direction: Direction): string => term(`direction-${direction}`);
/** What a camera demands for an attendance. */
export const proofWord = (proof: LivenessRequirement): string => term(`proof-${proof}`);
/** Why a view of a face cannot be used. */
export const qualityWord = (reason: QualityReason): string => term(`quality-${reason}`);
/** What is wrong with the box. */
export const conditionWord = (condition: BoxCondition): string => term(`condition-${condition}`);

/** How the connection to the broker is. The contract leaves the states open: a newer one is shown as it comes. */
export function brokerWord(state: string): string {
  if (state === brokerNotConfigured) return term('broker-not-configured');
  const known = brokerStates.find((each) => each === state);
  return known === undefined ? state : term(`broker-${known}`);
}

const subjects = [...occurrences, ...partConditions];

/** What an alert or a rule is about. The contract leaves it open: a newer one is shown as it comes. */
export function subjectWord(on: string): string {
  const known = subjects.find((each) => each === on);
  const trouble = boxTroubles.find((each) => each === on);
  if (trouble !== undefined) return conditionWord(trouble);
  return known === undefined ? on : term(`subject-${known}`);
}

const severityTones = { info: 'info', warning: 'warn', critical: 'bad' } as const satisfies Record<
  Severity,
  Tone
>;

/** Severities of alerts are a closed list of the box; a newer one is shown as it comes. */
export function severityWord(severity: string): string {
  const known = severities.find((each) => each === severity);
  return known === undefined ? severity : term(`severity-${known}`);
}

export function SeverityBadge({ severity }: { readonly severity: string }) {
  const known = severities.find((each) => each === severity);
  return <Badge tone={known === undefined ? 'quiet' : severityTones[known]}>{severityWord(severity)}</Badge>;
}

const looks: Readonly<Record<PassageOutcome, readonly [tone: Tone, icon?: IconName]>> = {
  attended: ['ok', 'check'],
  unproven: ['warn', 'warning'],
  refused: ['warn', 'warning'],
  ambiguous: ['warn', 'people'],
  stranger: ['info', 'stranger'],
  attack: ['bad', 'warning'],
  undecided: ['quiet'],
};

/** What the box decided about a passage. */
export function OutcomeBadge({ outcome }: { readonly outcome: PassageOutcome }) {
  const [tone, icon] = looks[outcome];
  return (
    <Badge tone={tone} {...(icon && { icon })}>
      {outcomeWord(outcome)}
    </Badge>
  );
}
