import type { passageOutcomes, passageReasons } from '../../../contract/passage-terms.js';
import type { PassageItem, ReadablePassage } from '../../../contract/passages.js';
import type { Outcome, PassageReason } from '../../parts/terms.js';
import type { Query } from '../../parts/use-query.js';
import { laterDay, startOfDay } from '../../time/site-time.js';

/** The outcomes and reasons of the contract, in its order. The compiler refuses a list that lacks one. */
const outcomeOrder: Readonly<Record<(typeof passageOutcomes)[number], 0>> = {
  ...{ attended: 0, unproven: 0, refused: 0, ambiguous: 0, stranger: 0, attack: 0, undecided: 0 },
};
const reasonOrder: Readonly<Record<(typeof passageReasons)[number], 0>> = {
  ...{ attended: 0, 'attended-without-proof': 0, 'attended-before': 0, 'no-blink': 0 },
  ...{
    'blink-not-bound': 0,
    'only-lids-moved': 0,
    'still-face': 0,
    'seen-too-briefly': 0,
    'eyes-not-seen': 0,
    'too-close': 0,
  },
  ...{ 'challenge-not-passed': 0, 'challenge-failed': 0, 'challenge-not-shown': 0, expired: 0 },
  ...{ 'not-yet-valid': 0, barred: 0, withdrawn: 0, 'within-margin': 0, 'inseparable-pair': 0 },
  ...{ 'ambiguous-before': 0, stranger: 0, 'below-threshold': 0, 'below-own-threshold': 0 },
  ...{ 'gallery-empty': 0, 'stranger-before': 0, 'stranger-ignored': 0, 'still-picture': 0 },
  ...{ 'passive-model': 0, 'attack-before': 0, 'too-small': 0, blurred: 0, dark: 0, overexposed: 0 },
  ...{ 'turned-away': 0, occluded: 0, 'cut-off': 0, 'too-few-views': 0, 'views-disagree': 0 },
  ...{ 'camera-lost': 0, 'vision-stopped': 0, 'box-stopped': 0 },
};
export const outcomes = Object.keys(outcomeOrder) as readonly Outcome[];
export const reasons = Object.keys(reasonOrder) as readonly PassageReason[];

export type PassageFilters = ReturnType<typeof filtersOf>;

/** The filters in the address of the page, as `passages.list` takes them. */
export function filtersOf({ get }: Query) {
  const outcome = outcomes.find((each) => each === get('outcome'));
  const reason = reasons.find((each) => each === get('reason'));
  const [camera, person, stranger] = [get('camera'), get('person'), get('stranger')];
  const [since, until] = [get('since'), get('until')];
  return {
    ...(outcome !== undefined && { outcome }),
    ...(reason !== undefined && { reason }),
    ...(camera !== '' && { camera }),
    ...(person !== '' && { person }),
    ...(stranger !== '' && { stranger }),
    ...(since !== '' && { since: startOfDay(since) }),
    ...(until !== '' && { until: startOfDay(laterDay(until, 1)) }),
    ...(get('marked') !== '' && { marked: 'only' as const }),
  };
}

/** False for a passage whose content the box cannot open. */
export const isReadable = (passage: PassageItem): passage is ReadablePassage => !('unreadable' in passage);
