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
  /**
   * The least structure of three parts (right eye, left eye, mouth), 0..1; parts beyond the picture's edge count as 1. The
   * structure of a part is how far its luma strays from an even slope of light, over the contrast of the whole or over half of its own
   * mean, whichever is more: shade takes contrast away but leaves a part's structure in proportion to its light; a cover
   * takes both.
   */
  readonly weakestPart: number;
  /** Mean luma of the eyes over that of the cheek below, of the side where it is more: dark glasses make it small. */
  readonly eyesOverCheeks: number;
}
