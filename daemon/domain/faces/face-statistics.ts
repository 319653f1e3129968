/** Light and sharpness of the middle of a face: brows to mouth. */
export interface FaceStatistics {
  /** Mean luma, 0..255 full range. */
  readonly meanLuma: number;
  /** Standard deviation of luma. */
  readonly contrast: number;
  /** Share of samples so bright that they show nothing, 0..1. */
  readonly brightShare: number;
  /**
   * Energy of the Laplacian over the variance of luma (Pech-Pacheco et al., "Diatom autofocusing in brightfield
   * microscopy", 2000, made independent of contrast): falls as edges widen.
   */
  readonly sharpness: number;
  /** The least of three contrasts (right eye, left eye, mouth) over that of the whole: falls when one is covered. */
  readonly weakestPart: number;
}
