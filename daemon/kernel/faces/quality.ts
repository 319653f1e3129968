/** Faults of a view of a face; the names appear in enrolment messages and for technicians. */
export const qualityReasons = [
  'too-small',
  'blurred',
  'dark',
  'overexposed',
  'turned-away',
  'occluded',
  'cut-off',
] as const;
export type QualityReason = (typeof qualityReasons)[number];

/** Quality of one view of a face (a biometric sample, ISO/IEC 29794-1 in spirit). */
export interface FaceQuality {
  /** 0 (unusable) .. 1 (a good enrolment photograph); orders the views of a track. */
  readonly score: number;
  /** Faults, most important first; empty if the view may be embedded. */
  readonly reasons: readonly QualityReason[];
}

/** The quality of one view, with what was measured. */
export interface ViewQuality extends FaceQuality {
  /** Width of the face, pixels of the full picture. */
  readonly widthPx: number;
  /** Mean luma of the face, 0..255. */
  readonly meanLuma: number;
  /** As in `FaceStatistics`, 0 or more; comparable between views of the same face. */
  readonly sharpness: number;
}

/** A view without faults is better than one with, whatever the scores. */
export function isBetterView(a: FaceQuality, b: FaceQuality): boolean {
  const aIsFaultless = a.reasons.length === 0;
  const bIsFaultless = b.reasons.length === 0;
  return aIsFaultless === bIsFaultless ? a.score > b.score : aIsFaultless;
}
