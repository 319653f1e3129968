import type { Detection, FaceLandmarks } from '../domain/faces/face.js';
import type { Box } from '../domain/faces/geometry.js';
import type { Picture } from '../domain/faces/picture.js';
import type { ViewQuality } from '../domain/faces/quality.js';
import type { Embedding } from '../domain/identification/match.js';
import type { RecogniserId } from '../domain/ids.js';

/**
 * Where to look for the landmarks of one face: a detection's box or the mesh box of the frame before. A plain
 * `Box` is a region; a known head roll makes the crop upright, which steadies the mesh of tilted heads.
 */
export interface FaceRegion extends Box {
  /** Roll of the head as in `HeadPose.rollDeg`; 0 where unknown. */
  readonly rollDeg?: number;
}

/** What was asked for and what the networks really run on. */
export interface ProviderInUse {
  readonly requested: string;
  readonly actual: string;
  /** Why `auto` ended at the processor; absent when a GPU is in use or nothing else was asked for. */
  readonly warning?: string;
}

/** Smallest face of interest. */
export interface SmallestFace {
  /** Width of the detector's box in full-resolution pixels. */
  readonly smallestFacePx: number;
}

export interface DetectOptions extends SmallestFace {
  /** True: faces under twice the smallest may be missed, for a quarter of the cost. Default false. */
  readonly isQuick?: boolean;
  /** Looks only at this face and what is close about it, enlarged: finds what is missed in the whole picture. */
  readonly around?: Box;
}

/**
 * Everything neural networks say about the faces in one picture: the port through which the stages of a camera
 * (and enrolment) see them. Boxes and points are pixels of the full-resolution picture. A picture is only read
 * during the call: its buffer may be reused as soon as the returned promise settles. Calls may overlap; they
 * are answered one after another. A network that fails rejects with an `operational` error `inference-failed`.
 */
export interface FaceAnalyser extends AsyncDisposable {
  /** Names the network and the alignment that make the embeddings. */
  readonly recogniser: RecogniserId;
  readonly provider: ProviderInUse;
  /** All faces at least `smallestFacePx` wide, best score first. */
  detect(picture: Picture, options: DetectOptions): Promise<readonly Detection[]>;
  /** Landmarks and eyes for each region, in order; undefined where no face is. */
  locate(picture: Picture, regions: readonly FaceRegion[]): Promise<readonly (FaceLandmarks | undefined)[]>;
  /** Named quality of one located view; cheap enough for every frame. */
  assess(picture: Picture, landmarks: FaceLandmarks, options: SmallestFace): ViewQuality;
  /** Unit-length embedding: the mean over the aligned face and its mirror image. */
  embed(picture: Picture, landmarks: FaceLandmarks): Promise<Embedding>;
  /**
   * Score of the passive presentation-attack models, 0 (attack) .. 1 (live); undefined where no such pack is in
   * use. Wants the detector's box, not the mesh box: the models are sensitive to the crop.
   */
  passivePad(picture: Picture, detectionBox: Box): Promise<number | undefined>;
}
