import type { Box, Point } from './geometry.js';

/** One face found in one frame by the detector. */
export interface Detection {
  /** In pixels of the full-resolution picture. */
  readonly box: Box;
  /** Detector score, 0..1; its operating threshold is in the model manifest. */
  readonly score: number;
}

/** One eye, as measured by the eye-contour network. Left and right are the subject's own. */
export interface EyeContour {
  /**
   * Height over width of the 16 eyelid points: about 0.24..0.35 open, under 0.15 closed. Baselines differ between people, so
   * only ratios to the open-eye baseline of the same track are meaningful.
   */
  readonly openness: number;
  /** Distance between the eye corners, full-resolution pixels. */
  readonly widthPx: number;
  /** How far the eye is closed as the blendshapes of the face tell, 0..1; absent without `face-landmarker`. */
  readonly closure?: number;
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

/** Eye corners (subject's right outer, right inner, left inner, left outer) and nose base, for alignment to the average face. */
export type FivePoints = readonly [Point, Point, Point, Point, Point];

/**
 * Eye centres (subject's right, left), nose tip, mouth corners (subject's right, left): the points of the ArcFace template.
 */
export type ArcFacePoints = readonly [Point, Point, Point, Point, Point];

/** The points by which recognisers align faces. */
export interface AlignmentPoints {
  readonly fivePoints: FivePoints;
  readonly arcFacePoints: ArcFacePoints;
}

/** The dense landmarks of one face in one frame, reduced to what later stages need. Pixels of the full picture. */
export interface FaceLandmarks extends AlignmentPoints {
  /** The confidence of the landmark network that a face is present, 0..1. */
  readonly presence: number;
  /** Tight box around the face mesh: steadier than the box of a detector. The crop of the next frame is made from it. */
  readonly box: Box;
  /**
   * Points of brows, eyes, nose, mouth and outline, enough to detect a change of the shape of the face; the first four are the
   * eye corners, as in `FivePoints`.
   */
  readonly shape: readonly Point[];
  readonly pose: HeadPose;
  readonly leftEye: EyeContour;
  readonly rightEye: EyeContour;
}
