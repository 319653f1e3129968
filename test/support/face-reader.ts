import { openModelStore } from '../../daemon/host/models/store.js';
import type { FaceLandmarks } from '../../daemon/kernel/faces/face.js';
import { alignmentPointsOf, meshBox } from '../../daemon/kernel/faces/face-mesh.js';
import { headPose } from '../../daemon/kernel/faces/head-pose.js';
import type { Picture } from '../../daemon/kernel/faces/picture.js';
import type { Embedding } from '../../daemon/kernel/identification/match.js';
import type { FaceRegion } from '../../daemon/vision/face-analyser.js';
import { EyeNetwork } from '../../daemon/vision/inference/eye-network.js';
import { FaceMeshNetwork, facemeshContract } from '../../daemon/vision/inference/face-mesh-network.js';
import { openNetwork } from '../../daemon/vision/inference/network.js';
import { Recogniser } from '../../daemon/vision/inference/recogniser.js';
import { contractOfPack } from '../../daemon/vision/inference/recogniser-contract.js';
import { newBoxRecogniser } from './inference.js';

export interface ReadFace {
  /** Where to look in the next frame. */
  readonly region: FaceRegion;
  /** Height over width of the opening, subject's right and left eye. */
  readonly openness: readonly [number, number];
  readonly landmarks: Pick<FaceLandmarks, 'presence' | 'pose' | 'fivePoints' | 'arcFacePoints'>;
  readonly embed: () => Promise<Embedding>;
}

/** Mesh, eyes and embedding of the one face near a given place, without detector and tracker. */
export interface FaceReader extends AsyncDisposable {
  /** Similarity from which its embeddings are taken for one person's. */
  readonly threshold: number;
  read(picture: Picture, region: FaceRegion): Promise<ReadFace | undefined>;
}

/** Opens the networks of a new box. */
export async function openFaceReader(): Promise<FaceReader> {
  const store = await openModelStore();
  const open = async (name: string) =>
    openNetwork({ name, path: await store.path(name), provider: 'cpu', threads: 1 });
  const { name, threshold } = await newBoxRecogniser();
  const [meshNetwork, irisNetwork, recogniserNetwork] = [
    await open('facemesh'),
    await open('iris'),
    await open(name),
  ];
  const meshes = new FaceMeshNetwork(meshNetwork, facemeshContract);
  const eyes = new EyeNetwork(irisNetwork);
  const recogniser = new Recogniser(recogniserNetwork, contractOfPack(store.pack(name)));
  return {
    threshold,
    async read(picture, region) {
      const [placed] = await meshes.locate(picture, [region]);
      if (placed === undefined || placed.presence < 0.5) return undefined;
      const points = alignmentPointsOf(placed.mesh);
      const [right, , , left] = points.fivePoints;
      const rollDeg = (Math.atan2(left.y - right.y, left.x - right.x) * 180) / Math.PI;
      const [measured] = await eyes.measure(picture, [points.fivePoints]);
      if (measured === undefined) return undefined;
      return {
        region: { ...meshBox(placed.mesh), rollDeg },
        openness: [measured.rightEye.openness, measured.leftEye.openness],
        landmarks: { presence: placed.presence, pose: headPose(placed.mesh), ...points },
        embed: () => recogniser.embed(picture, points),
      };
    },
    async [Symbol.asyncDispose]() {
      for (const network of [meshNetwork, irisNetwork, recogniserNetwork])
        await network[Symbol.asyncDispose]();
    },
  };
}
