import type { Detection } from '../../kernel/faces/face.js';
import type { Picture } from '../../kernel/faces/picture.js';
import type { DetectOptions } from '../face-analyser.js';

/** Finds faces in whole pictures. */
export interface FaceDetector {
  /** All faces at least `smallestFacePx` wide, in full-resolution pixels, best score first. */
  detect(picture: Picture, options: DetectOptions): Promise<readonly Detection[]>;
}

/** The operating point of a detector. The defaults are in the model manifest. */
export interface DetectorPolicy {
  /** Least score of a detection, 0..1. */
  readonly scoreThreshold: number;
  /** Two boxes that overlap more than this (intersection over union) are one face. */
  readonly overlapThreshold: number;
  /** Longest side of the input, pixels. It limits the cost of a run. */
  readonly longestInputPx: number;
}
