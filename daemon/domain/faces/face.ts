import type { Box, Point } from './geometry.js';

/** One face found in one frame by the detector. */
export interface Detection {
  /** In pixels of the full-resolution picture. */
  readonly box: Box;
  /** Detector score, 0..1; its operating threshold is in the model manifest. */
  readonly score: number;
}

/** One eye as the eye-contour network sees it. Left and right are the subject's own. */
export interface EyeContour {
  /**
   * Height over width of the 16 eyelid points: about 0.24..0.35 open, under 0.15 closed. Baselines differ between people;
   * only ratios to the same track's open-eye baseline mean anything.
   */
  readonly openness: number;
  /** Distance between the eye corners, full-resolution pixels. */
  readonly widthPx: number;
}

/** Head rotation in degrees; all 0 when looking straight into the camera. */
export interface HeadPose {
  /** Turning left or right; positive towards the subject's left. */
  readonly yawDeg: number;
  /** Nodding; positive upwards. */
  readonly pitchDeg: number;
  /** Tilting in the picture plane; positive clockwise as seen in the picture. */
  readonly rollDeg: number;
}

/** Eye corners (subject's right outer, right inner, left inner, left outer), nose base: what alignment to the average face uses. */
export type FivePoints = readonly [Point, Point, Point, Point, Point];

/**
 * Eye centres (subject's right, left), nose tip, mouth corners (subject's right, left): the points of the template that
 * ArcFace made common.
 */
export type ArcFacePoints = readonly [Point, Point, Point, Point, Point];

/** What the recognisers align by. */
export interface AlignmentPoints {
  readonly fivePoints: FivePoints;
  readonly arcFacePoints: ArcFacePoints;
}

/** Dense landmarks of one face in one frame, reduced to what later stages use. Pixels of the full picture. */
export interface FaceLandmarks extends AlignmentPoints {
  /** The landmark network's own belief that a face is there, 0..1. */
  readonly presence: number;
  /** Tight box around the face mesh: steadier than a detector's, and what the next frame's crop is made from. */
  readonly box: Box;
  /**
   * Points spread over brows, eyes, nose, mouth and outline, enough to see a face move in itself; the first four are the corners of
   * the eyes, as in `FivePoints`.
   */
  readonly shape: readonly Point[];
  readonly pose: HeadPose;
  readonly leftEye: EyeContour;
  readonly rightEye: EyeContour;
}
