import { SerialQueue } from '../../base/serial-queue.js';
import { squareToCrop } from '../../domain/faces/affine.js';
import { type FaceMesh, MESH_POINTS, MESH_STRIDE, meshInPicture } from '../../domain/faces/face-mesh.js';
import { boxCentre } from '../../domain/faces/geometry.js';
import type { Picture } from '../../domain/faces/picture.js';
import type { FaceRegion } from '../face-analyser.js';
import { cropAffine } from './affine-crop.kernel.js';
import { type Network, output } from './network.js';

/** Side of the network's input, pixels. */
const CROP_PX = 192;
/** Side of the crop divided by the longer side of the region, as in the training of the network. */
const CROP_FACTOR = 1.5;
/** Faces in one run. More would only need larger buffers. */
const MOST_IN_BATCH = 8;

const SAMPLES = 3 * CROP_PX * CROP_PX;
const NUMBERS = MESH_POINTS * MESH_STRIDE;

/** A mesh in picture pixels and how sure the network is that there is a face, 0..1. */
interface PlacedMesh {
  readonly mesh: FaceMesh;
  readonly presence: number;
}

/** Dense landmarks by MediaPipe's FaceMesh. */
export class FaceMeshNetwork {
  readonly #network: Network;
  readonly #turn = new SerialQueue();
  #buffer = new Float32Array(SAMPLES);

  constructor(network: Network) {
    this.#network = network;
  }

  /** The meshes for all regions, in order. */
  locate(picture: Picture, regions: readonly FaceRegion[]): Promise<readonly PlacedMesh[]> {
    return this.#turn.run(async () => {
      const meshes: PlacedMesh[] = [];
      for (let start = 0; start < regions.length; start += MOST_IN_BATCH) {
        meshes.push(...(await this.#batch(picture, regions.slice(start, start + MOST_IN_BATCH))));
      }
      return meshes;
    });
  }

  async #batch(picture: Picture, regions: readonly FaceRegion[]): Promise<readonly PlacedMesh[]> {
    const samples = regions.length * SAMPLES;
    if (this.#buffer.length < samples) this.#buffer = new Float32Array(samples);
    const maps = regions.map((region, index) => {
      const side = Math.max(region.width, region.height) * CROP_FACTOR;
      const map = squareToCrop(boxCentre(region), side, region.rollDeg ?? 0, CROP_PX);
      const offset = index * SAMPLES;
      cropAffine(picture, map, { data: this.#buffer, offset, widthPx: CROP_PX, heightPx: CROP_PX });
      return map;
    });
    const input = this.#buffer.subarray(0, samples);
    const outputs = await this.#network.run(input, [regions.length, 3, CROP_PX, CROP_PX]);
    const landmarks = output(outputs, 'landmarks');
    const presence = output(outputs, 'presence');
    return maps.map((map, index) => ({
      mesh: meshInPicture(landmarks.subarray(index * NUMBERS, (index + 1) * NUMBERS), map),
      presence: presence[index] ?? 0,
    }));
  }
}
