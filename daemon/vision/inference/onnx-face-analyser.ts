import { meanFaceAlignment } from '../../kernel/faces/alignment.js';
import type { Detection, FaceLandmarks } from '../../kernel/faces/face.js';
import { alignmentPointsOf, meshBox, shapeOf } from '../../kernel/faces/face-mesh.js';
import { type Box, outsideShare } from '../../kernel/faces/geometry.js';
import { headPose } from '../../kernel/faces/head-pose.js';
import { judgeView } from '../../kernel/faces/judge-view.js';
import type { Picture } from '../../kernel/faces/picture.js';
import type { ViewQuality } from '../../kernel/faces/quality.js';
import type { Embedding } from '../../kernel/identification/match.js';
import type { RecogniserId } from '../../kernel/ids.js';
import { eyesOfMesh } from '../../kernel/liveness/eye-openness.js';
import type { FaceTexture } from '../../kernel/liveness/skin-shift.kernel.js';
import type { Surroundings } from '../../kernel/liveness/surroundings.kernel.js';
import type {
  DetectOptions,
  FaceAnalyser,
  FaceRegion,
  ProviderInUse,
  SmallestFace,
} from '../face-analyser.js';
import type { EyeNetwork } from './eye-network.js';
import type { FaceDetector } from './face-detector.js';
import type { EyeClosures, FaceMeshNetwork } from './face-mesh-network.js';
import { faceStatistics, STATISTICS_PX } from './face-statistics.kernel.js';
import { faceSurroundings, faceTexture } from './face-texture.kernel.js';
import type { PassivePad } from './passive-pad.js';
import type { Recogniser } from './recogniser.js';

/** What an analyser is made of. */
interface AnalyserParts {
  /** The provider at this moment. */
  readonly provider: () => ProviderInUse;
  readonly detector: FaceDetector;
  readonly mesh: FaceMeshNetwork;
  /** Least presence of a face, 0..1. */
  readonly presenceThreshold: number;
  /** Measures the eyes; absent where the mesh itself shows them. */
  readonly eyes: EyeNetwork | undefined;
  readonly recogniser: Recogniser;
  readonly passivePad: PassivePad | undefined;
  readonly close: () => Promise<void>;
}

/** The face analyser that runs networks in the ONNX format. */
export class OnnxFaceAnalyser implements FaceAnalyser {
  readonly #parts: AnalyserParts;

  constructor(parts: AnalyserParts) {
    this.#parts = parts;
  }

  get recogniser(): RecogniserId {
    return this.#parts.recogniser.contract.id;
  }

  get provider(): ProviderInUse {
    return this.#parts.provider();
  }

  detect(picture: Picture, options: DetectOptions): Promise<readonly Detection[]> {
    return this.#parts.detector.detect(picture, options);
  }

  async locate(
    picture: Picture,
    regions: readonly FaceRegion[],
  ): Promise<readonly (FaceLandmarks | undefined)[]> {
    const { mesh: network, presenceThreshold, eyes: eyeNetwork } = this.#parts;
    const placed = await network.locate(picture, regions);
    const faces = placed.flatMap(({ mesh, presence, closures }, index) =>
      presence >= presenceThreshold
        ? [{ index, mesh, presence, closures, points: alignmentPointsOf(mesh) }]
        : [],
    );
    const eyes = await eyeNetwork?.measure(
      picture,
      faces.map(({ points }) => points.fivePoints),
    );
    const located: (FaceLandmarks | undefined)[] = regions.map(() => undefined);
    faces.forEach(({ index, mesh, presence, closures, points }, order) => {
      const both = eyes === undefined ? closedEyes(eyesOfMesh(mesh), closures) : eyes[order];
      if (!both) return;
      const pose = headPose(mesh);
      located[index] = { presence, box: meshBox(mesh), shape: shapeOf(mesh), ...points, pose, ...both };
    });
    return located;
  }

  assess(picture: Picture, landmarks: FaceLandmarks, options: SmallestFace): ViewQuality {
    return assessView(picture, landmarks, options);
  }

  texture(picture: Picture, landmarks: FaceLandmarks): FaceTexture {
    return faceTexture(picture, landmarks.shape);
  }

  surroundings(picture: Picture, landmarks: FaceLandmarks): Surroundings {
    return faceSurroundings(picture, landmarks.shape);
  }

  embed(picture: Picture, landmarks: FaceLandmarks): Promise<Embedding> {
    return this.#parts.recogniser.embed(picture, landmarks);
  }

  async passivePad(picture: Picture, detectionBox: Box): Promise<number | undefined> {
    return this.#parts.passivePad?.score(picture, detectionBox);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.close();
  }
}

type BothEyes = Pick<FaceLandmarks, 'leftEye' | 'rightEye'>;

function closedEyes({ leftEye, rightEye }: BothEyes, closures: EyeClosures | undefined): BothEyes {
  if (closures === undefined) return { leftEye, rightEye };
  const { left, right } = closures;
  return { leftEye: { ...leftEye, closure: left }, rightEye: { ...rightEye, closure: right } };
}

/** Height of a mesh divided by its width, about. */
const MESH_HEIGHT_OVER_WIDTH = 1.25;

/** Measures one located face in the picture and judges its view. */
export function assessView(picture: Picture, landmarks: FaceLandmarks, options: SmallestFace): ViewQuality {
  const map = meanFaceAlignment(landmarks.fivePoints, STATISTICS_PX, 0);
  const statistics = faceStatistics(picture, map);
  const widthPx = faceWidthPx(landmarks.box);
  const quality = judgeView(
    {
      widthPx,
      outsideShare: outsideShare(landmarks.box, picture.widthPx, picture.heightPx),
      presence: landmarks.presence,
      pose: landmarks.pose,
      statistics,
    },
    options,
  );
  const { sharpness, meanLuma } = statistics;
  return { ...quality, sharpness, meanLuma, widthPx };
}

/** Takes the height into account, because the mesh of a turned face is narrow. */
function faceWidthPx(box: Box): number {
  return Math.max(box.width, box.height / MESH_HEIGHT_OVER_WIDTH);
}
