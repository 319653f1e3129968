import { squareToCrop } from '../../kernel/faces/affine.js';
import { type FaceMesh, MESH_POINTS, MESH_STRIDE, meshInPicture } from '../../kernel/faces/face-mesh.js';
import { boxCentre } from '../../kernel/faces/geometry.js';
import type { Picture } from '../../kernel/faces/picture.js';
import type { FaceRegion } from '../face-analyser.js';
import { cropAffine } from './affine-crop.kernel.js';
import { InputBuffers } from './input-buffers.js';
import { type Network, output } from './network.js';

/** The networks that fit a mesh: the side of their input, pixels, and the number of their points. The first 468 are the same. */
export const facemeshContract = { cropPx: 192, points: MESH_POINTS } as const;
export const faceLandmarkerContract = { cropPx: 256, points: 478 } as const;
type MeshContract = typeof facemeshContract | typeof faceLandmarkerContract;

/** Side of the crop divided by the longer side of the region, as in the training of the network. */
const CROP_FACTOR = 1.5;
/** Faces in one run. More would only need larger buffers. */
const MOST_IN_BATCH = 8;

/** A mesh in picture pixels and how sure the network is that there is a face, 0..1. */
interface PlacedMesh {
  readonly mesh: FaceMesh;
  readonly presence: number;
  /** How far the eyes are closed, 0..1; undefined from a network that does not tell. */
  readonly closures: EyeClosures | undefined;
}

/** By the side of the subject, 0 (open) .. 1. */
export interface EyeClosures {
  readonly left: number;
  readonly right: number;
}

/** Dense landmarks by MediaPipe's FaceMesh or Face Landmarker. */
export class FaceMeshNetwork {
  readonly #network: Network;
  readonly #contract: MeshContract;
  readonly #buffers = new InputBuffers();

  constructor(network: Network, contract: MeshContract) {
    this.#network = network;
    this.#contract = contract;
  }

  /** The meshes for all regions, in order. */
  async locate(picture: Picture, regions: readonly FaceRegion[]): Promise<readonly PlacedMesh[]> {
    const meshes: PlacedMesh[] = [];
    for (let start = 0; start < regions.length; start += MOST_IN_BATCH) {
      meshes.push(...(await this.#batch(picture, regions.slice(start, start + MOST_IN_BATCH))));
    }
    return meshes;
  }

  async #batch(picture: Picture, regions: readonly FaceRegion[]): Promise<readonly PlacedMesh[]> {
    const { cropPx, points } = this.#contract;
    const perCrop = 3 * cropPx * cropPx;
    const maps = regions.map((region) => {
      const side = Math.max(region.width, region.height) * CROP_FACTOR;
      return squareToCrop(boxCentre(region), side, region.rollDeg ?? 0, cropPx);
    });
    const outputs = await this.#buffers.lend(regions.length * perCrop, (data) => {
      maps.forEach((map, index) => {
        const offset = index * perCrop;
        cropAffine(picture, map, { data, offset, widthPx: cropPx, heightPx: cropPx });
      });
      return this.#network.run(data, [regions.length, 3, cropPx, cropPx]);
    });
    const landmarks = output(outputs, 'landmarks');
    const presence = output(outputs, 'presence');
    const blinks = outputs['blinks'];
    const numbers = points * MESH_STRIDE;
    return maps.map((map, index) => ({
      mesh: meshInPicture(landmarks.subarray(index * numbers, (index + 1) * numbers), map),
      presence: presence[index] ?? 0,
      closures: blinks && { left: blinks[2 * index] ?? 0, right: blinks[2 * index + 1] ?? 0 },
    }));
  }
}
