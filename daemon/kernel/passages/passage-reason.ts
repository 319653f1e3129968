/**
 * Why a passage ended with its outcome: a closed list of codes. They are part of the contract: a code is never renamed and never
 * changes its meaning.
 */
export const passageReasons = [
  // attended
  'attended',
  'attended-without-proof',
  'attended-before',
  // unproven: what was missing
  'no-blink',
  'blink-not-bound',
  'only-lids-moved',
  'movement-unclear',
  'still-face',
  'seen-too-briefly',
  'eyes-not-seen',
  'too-close',
  'challenge-not-passed',
  'challenge-failed',
  'challenge-not-shown',
  // refused
  'expired',
  'not-yet-valid',
  'barred',
  'withdrawn',
  // ambiguous
  'within-margin',
  'inseparable-pair',
  'ambiguous-before',
  // stranger
  'stranger',
  'below-threshold',
  'below-own-threshold',
  'gallery-empty',
  'stranger-before',
  'stranger-ignored',
  // attack
  'still-picture',
  'passive-model',
  'attack-before',
  // undecided
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
export type PassageReason = (typeof passageReasons)[number];
