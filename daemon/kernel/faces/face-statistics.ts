/** Light and sharpness of the middle of a face, from brows to mouth. */
export interface FaceStatistics {
  /** Mean luma, 0..255 full range. */
  readonly meanLuma: number;
  /** Standard deviation of luma. */
  readonly contrast: number;
  /** Share of overexposed samples, 0..1. */
  readonly brightShare: number;
  /**
   * Energy of the Laplacian over the variance of luma (Pech-Pacheco et al., "Diatom autofocusing in brightfield
   * microscopy", 2000, made independent of contrast). It falls if edges are less sharp.
   */
  readonly sharpness: number;
  /**
   * The least structure of three parts (right eye, left eye, mouth), 0..1; parts outside the picture count as 1. The structure
   * of a part is the deviation of its luma from an even gradient, divided by the larger of the contrast of the whole and half the
   * mean of the part. Shade lowers contrast and light in proportion; a cover removes the structure.
   */
  readonly weakestPart: number;
  /** Mean luma of the eye divided by that of the cheek below, for the side with the larger value: small with dark glasses. */
  readonly eyesOverCheeks: number;
  /**
   * Deviation of luma from an even gradient where the lenses of glasses would be, divided by the contrast of the whole, for the side with
   * the larger value: almost 0 with dark glasses.
   */
  readonly lensStructure: number;
}
