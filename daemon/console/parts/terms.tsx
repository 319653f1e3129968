import type { LiveFace } from '../../contract/live.js';
import type { livenessRequirements, passageOutcomes, passageReasons } from '../../contract/passage-terms.js';
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
