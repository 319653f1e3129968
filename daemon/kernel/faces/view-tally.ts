import type { FaceQuality, QualityReason } from './quality.js';

/** What one view of a face measured. The limits of a usable view are in `judge-view.ts`. */
export interface ViewMeasures {
  readonly quality: FaceQuality;
  /** Width of the face, pixels of the full picture. */
  readonly widthPx: number;
  /** The width under which a face is too small at this camera, pixels of the full picture. */
  readonly smallestFacePx: number;
  readonly yawDeg: number;
  readonly pitchDeg: number;
  /** Mean luma of the face, 0..255. */
  readonly meanLuma: number;
  /** As in `FaceStatistics`, 0 or more. */
  readonly sharpness: number;
}

/** The views of a track so far. */
export interface ViewTally {
  /** Views in which a mesh fitted. */
  readonly count: number;
  /** Views that were embedded and compared with the gallery. */
  readonly embedded: number;
  /** Number of views with each fault; a view may have several. */
  readonly faults: Readonly<Partial<Record<QualityReason, number>>>;
  /** The best view; undefined before the first. */
  readonly best?: ViewMeasures;
}
