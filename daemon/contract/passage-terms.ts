import { z } from 'zod';

/** What the box decided about the face of a passage. */
export const passageOutcomes = [
  'attended',
  'unproven',
  'refused',
  'ambiguous',
  'stranger',
  'attack',
  'undecided',
] as const;

/** Passages that ended, of the last day. */
export const passagesOfDay = z.object({
  count: z.int().nonnegative(),
  byOutcome: z
    .partialRecord(z.enum(passageOutcomes), z.int().nonnegative())
    .readonly()
    .describe('Without outcomes that no passage had.'),
});
export type PassagesOfDay = z.infer<typeof passagesOfDay>;

/** Why a passage ended with its outcome. A code is never renamed and never changes its meaning. */
export const passageReasons = [
  'attended',
  'attended-without-proof',
  'attended-before',
  'no-blink',
  'blink-not-bound',
  'only-lids-moved',
  'still-face',
  'seen-too-briefly',
  'eyes-not-seen',
  'too-close',
  'challenge-not-passed',
  'challenge-failed',
  'challenge-not-shown',
  'expired',
  'not-yet-valid',
  'barred',
  'withdrawn',
  'within-margin',
  'inseparable-pair',
  'ambiguous-before',
  'stranger',
  'below-threshold',
  'below-own-threshold',
  'gallery-empty',
  'stranger-before',
  'stranger-ignored',
  'still-picture',
  'passive-model',
  'attack-before',
  'too-small',
  'blurred',
  'dark',
  'overexposed',
  'turned-away',
  'occluded',
  'cut-off',
  'too-few-views',
  'views-disagree',
  'camera-lost',
  'vision-stopped',
  'box-stopped',
] as const;

/** How a passage ended. */
export const passageEnds = ['left', 'another-face', 'camera-lost', 'vision-stopped', 'box-stopped'] as const;

/** What an operator can say of a passage. */
export const markedAs = ['person', 'stranger', 'nobody'] as const;

/** Why the picture of a passage cannot become a reference, as far as that is known before it is looked at. */
export const referenceRefusals = [
  'still-in-sight',
  'not-recognised',
  'marked-wrong',
  'unproven',
  'person-not-active',
  'consent-withdrawn',
  'no-consent',
  'already-added',
  'picture-not-kept',
  'picture-expired',
] as const;

/** What a camera can demand for an attendance. */
export const livenessRequirements = ['blink', 'not-attack', 'challenge'] as const;

/** Why the eyes could not be judged in a view. */
export const eyeFaults = [
  'turned-away',
  'dark',
  'occluded',
  'mesh-unsteady',
  'eye-too-small',
  'eye-cut-off',
  'eye-unmeasured',
] as const;

/** Why what a passage stores does not tell what it would have become with other settings. */
export const previewDoubts = [
  'views-not-stored',
  'not-explained',
  'faces-not-compared',
  'best-view-too-small',
  'not-asked',
  'ended-at-decision',
  'stillness-not-stored',
  'eyes-not-stored',
  'rate-not-recorded',
  'depends-on-frames',
  'blink-would-be-missed',
] as const;
