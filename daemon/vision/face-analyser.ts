import type { Detection, FaceLandmarks } from '../kernel/faces/face.js';
import type { Box } from '../kernel/faces/geometry.js';
import type { Picture } from '../kernel/faces/picture.js';
import type { ViewQuality } from '../kernel/faces/quality.js';
import type { Embedding } from '../kernel/identification/match.js';
import type { RecogniserId } from '../kernel/ids.js';
import type { FaceTexture } from '../kernel/liveness/skin-shift.kernel.js';
import type { Surroundings } from '../kernel/liveness/surroundings.kernel.js';

/**
 * Where to fit the mesh of one face: the box of a detection, or the mesh box of the frame before. With the roll of the head
 * the crop is upright, which makes the mesh of a tilted head more stable.
 */
export interface FaceRegion extends Box {
  /** Roll of the head as in `HeadPose.rollDeg`; 0 where unknown. */
  readonly rollDeg?: number;
}

/** The requested execution provider, and the one that runs the networks. */
export interface ProviderInUse {
  readonly requested: string;
  readonly actual: string;
  /** Set where `auto` chose the CPU: the reason. */
  readonly warning?: string;
}

/** Smallest face of interest. */
export interface SmallestFace {
  /** Width of the detector's box in full-resolution pixels. */
  readonly smallestFacePx: number;
}

export interface DetectOptions extends SmallestFace {
  /** True: costs a quarter, but may miss faces under twice the smallest width. Default: false. */
  readonly isQuick?: boolean;
  /** Searches only the enlarged surroundings of this face: finds a face that a run over the whole picture missed. */
  readonly around?: Box;
  /**
   * Searches only these parts of the picture, one or more, each at least as large as a run over the whole picture shows it. A detector
   * for which that would not be cheaper searches the whole picture. Faces that a border of a part cuts off are left out.
   */
  readonly parts?: readonly Box[];
  /** No frame waits for the answer, so other calls may come first. Default: one does. */
  readonly isBeside?: boolean;
}

/**
 * Runs all neural networks on a picture, for the stages of a camera and for enrolment. Boxes and points are in pixels of the
 * full-resolution picture. A picture is read only during the call: its buffer may be reused once the promise settles. Calls
 * may overlap; they are answered one after another. A failing network rejects with the operational error
 * `inference-failed`.
 */
export interface FaceAnalyser extends AsyncDisposable {
  /** Identifies the network and the alignment that make the embeddings. */
  readonly recogniser: RecogniserId;
  readonly provider: ProviderInUse;
  /** All faces at least `smallestFacePx` wide, best score first. */
  detect(picture: Picture, options: DetectOptions): Promise<readonly Detection[]>;
  /** Fits a mesh in each region, in order: landmarks and eyes, or undefined where it finds no face. */
  locate(picture: Picture, regions: readonly FaceRegion[]): Promise<readonly (FaceLandmarks | undefined)[]>;
  /** The quality of one view with reasons; cheap enough for every frame. */
  assess(picture: Picture, landmarks: FaceLandmarks, options: SmallestFace): ViewQuality;
  /** How the skin of a face looks; cheap enough for every frame. */
  texture(picture: Picture, landmarks: FaceLandmarks): FaceTexture;
  /** What is around a face; a few times a second is enough. */
  surroundings(picture: Picture, landmarks: FaceLandmarks): Surroundings;
  /** Unit-length embedding: the mean over the aligned face and its mirror image. */
  embed(picture: Picture, landmarks: FaceLandmarks): Promise<Embedding>;
  /**
   * Score of the passive presentation-attack models, 0 (attack) to 1 (live); undefined where no such pack is in use. Needs
   * the detector's box, not the mesh box: the models are sensitive to the crop.
   */
  passivePad(picture: Picture, detectionBox: Box): Promise<number | undefined>;
}
