import type { LiveFace } from '../../contract/live.js';
import type { livenessRequirements, passageOutcomes, passageReasons } from '../../contract/passage-terms.js';
import type { boxConditions } from '../../contract/status.js';
import { occurrences } from '../../kernel/alerts/alert-rule.js';
import { boxTroubles } from '../../kernel/events/notice.js';
import type en from '../messages/en/terms.json';
import { wordsOf } from '../words/words.js';
import type { IconName } from './icon.js';
import { Badge, type Tone } from './page.js';

// Words for the closed lists of the contract, the same on every page.

const term = wordsOf<typeof en>('terms');

export type Outcome = (typeof passageOutcomes)[number];
export type PassageReason = (typeof passageReasons)[number];
export type Proof = (typeof livenessRequirements)[number];
export type Direction = 'in' | 'out' | 'both';
type QualityReason = NonNullable<LiveFace['quality']>['reasons'][number];

export const outcomeWord = (outcome: Outcome): string => term(`outcome-${outcome}`);
/** Why a passage has its outcome, in a few words. The sentence of the API says it with figures. */
export const reasonWord = (reason: PassageReason): string => term(`reason-${reason}`);
/** What an attendance at a camera means. */
export const directionWord = (direction: Direction): string => term(`direction-${direction}`);
/** What a camera demands for an attendance. */
export const proofWord = (proof: Proof): string => term(`proof-${proof}`);
/** Why a view of a face cannot be used. */
export const qualityWord = (reason: QualityReason): string => term(`quality-${reason}`);
/** What is wrong with the box. */
export const conditionWord = (condition: (typeof boxConditions)[number]): string =>
  term(`condition-${condition}`);

const brokerStates = ['connecting', 'connected', 'waiting', 'ended'] as const;

/** How the connection to the broker is. The contract leaves the states open: a newer one is shown as it comes. */
export function brokerWord(state: string): string {
  if (state === notConfigured) return term('broker-not-configured');
  const known = brokerStates.find((each) => each === state);
  return known === undefined ? state : term(`broker-${known}`);
}

/** The state of the connection on a box without a broker. */
export const notConfigured = 'not configured';

const subjects = [...occurrences, 'camera-down', 'camera-impaired', 'sealed'] as const;

/** What an alert or a rule is about. The contract leaves it open: a newer one is shown as it comes. */
export function subjectWord(on: string): string {
  const known = subjects.find((each) => each === on);
  const trouble = boxTroubles.find((each) => each === on);
  if (trouble !== undefined) return conditionWord(trouble);
  return known === undefined ? on : term(`subject-${known}`);
}

const severities = ['info', 'warning', 'critical'] as const;
const severityTones = { info: 'info', warning: 'warn', critical: 'bad' } as const satisfies Record<
  string,
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

const looks: Readonly<Record<Outcome, readonly [tone: Tone, icon?: IconName]>> = {
  attended: ['ok', 'check'],
  unproven: ['warn', 'warning'],
  refused: ['warn', 'warning'],
  ambiguous: ['warn', 'people'],
  stranger: ['info', 'stranger'],
  attack: ['bad', 'warning'],
  undecided: ['quiet'],
};

/** What the box decided about a passage. */
export function OutcomeBadge({ outcome }: { readonly outcome: Outcome }) {
  const [tone, icon] = looks[outcome];
  return (
    <Badge tone={tone} {...(icon && { icon })}>
      {outcomeWord(outcome)}
    </Badge>
  );
}
