import type { FaceQuality, QualityReason } from './quality.js';

/** Faults of a photograph that enrolment accepts up to a limit, and tells. */
export const photoWarnings = ['too-small', 'cut-off'] as const satisfies readonly QualityReason[];
export type PhotoWarning = (typeof photoWarnings)[number];

/** The quality of a photograph for an enrolment: `reasons` refuse it, `warnings` do not. */
export interface PhotoQuality extends FaceQuality {
  readonly warnings: readonly PhotoWarning[];
}

/** Width of the smallest face without a warning, pixels. */
export const SMALL_FACE_PX = 64;
/**
 * Width of the smallest face that is enrolled, pixels, and the largest share of a face that may lie outside the photograph: most
 * faces within both limits match other photographs of the person (scripts/bench failure-to-enrol).
 */
export const SMALLEST_ENROLLED_PX = 36;
const LARGEST_OUTSIDE_SHARE = 0.4;

/** Judges a view of a photograph whose faults are those for `SMALL_FACE_PX`. `outsideShare`: of the face's box, 0..1. */
export function judgePhoto(
  { score, reasons }: FaceQuality,
  { widthPx, outsideShare }: { readonly widthPx: number; readonly outsideShare: number },
): PhotoQuality {
  const isTolerated = (reason: QualityReason): reason is PhotoWarning =>
    (reason === 'too-small' && widthPx >= SMALLEST_ENROLLED_PX) ||
    (reason === 'cut-off' && outsideShare <= LARGEST_OUTSIDE_SHARE);
  return {
    score,
    reasons: reasons.filter((reason) => !isTolerated(reason)),
    warnings: reasons.filter(isTolerated),
  };
}
