import type { PassageReason } from '../passages/passage-reason.js';

/**
 * What a person has to look at, in the order in which the queue shows it.
 * - `camera`: a camera that fails.
 * - `unproven`: a recognised person whose liveness the box could not confirm.
 * - `near-match`: a face that came close to an enrolled person, or to two of them.
 * - `unknown-person`: an unknown person who comes often.
 * - `look-alikes`: two enrolled persons who look alike to this box.
 */
export const reviewKinds = ['camera', 'unproven', 'near-match', 'unknown-person', 'look-alikes'] as const;
export type ReviewKind = (typeof reviewKinds)[number];

/** The kinds that are passages. */
export type PassageReviewKind = Extract<ReviewKind, 'unproven' | 'near-match'>;

/** Whom an item is set aside for. */
export const asideFor = ['me', 'everyone'] as const;
export type AsideFor = (typeof asideFor)[number];

/** How long a passage waits for a person. An older one says nothing about today. */
export const reviewedWithinMs = 7 * 86_400_000;

/** An item that was set aside comes back after this time if its reason still stands. Longer than any passage waits. */
export const asideMs = 30 * 86_400_000;

/** An unproven passage needs nobody if the same person passed the liveness check this soon after it. */
export const settledWithinMs = 10 * 60_000;

/** The reasons with which a passage waits. A repetition of an earlier passage is not asked about again. */
export const reviewedReasons: Readonly<Record<PassageReviewKind, readonly PassageReason[]>> = {
  unproven: [
    'no-blink',
    'blink-not-bound',
    'only-lids-moved',
    'movement-unclear',
    'still-face',
    'seen-too-briefly',
    'eyes-not-seen',
    'too-close',
    'cut-off',
    'challenge-not-passed',
    'challenge-failed',
    'challenge-not-shown',
  ],
  'near-match': ['below-threshold', 'below-own-threshold', 'within-margin', 'inseparable-pair'],
};

/** Visits from which an unknown person comes often. */
const oftenVisits = 3;

/**
 * The number of visits for which an unknown person is in the queue: 3, 6, 12, … Whoever was set aside comes back when they have come
 * twice as often. Undefined for one who does not come often.
 */
export function askedAtVisits(visits: number): number | undefined {
  if (visits < oftenVisits) return undefined;
  return oftenVisits * 2 ** Math.floor(Math.log2(visits / oftenVisits));
}
