import type { Affine } from '../../domain/affine.js';
import { arcFaceAlignment, dlibAlignment, faceResAlignment } from '../../domain/alignment.js';
import type { FivePoints } from '../../domain/face.js';
import { type RecogniserId, recogniserId } from '../../domain/ids.js';
import type { Embedding } from '../../domain/match.js';
import type { Picture } from '../../domain/picture.js';
import { cropAffine } from './affine-crop.kernel.js';
import { mirrorCrop, unitMean } from './embedding.kernel.js';
import { InTurn } from './in-turn.js';
import { type Network, output } from './network.js';

/** How one recogniser wants its aligned faces, and where it puts its numbers. */
export interface RecogniserContract {
  /** Names network and alignment together: a change of either makes embeddings that do not compare. */
  readonly id: RecogniserId;
  readonly cropPx: number;
  readonly order: 'rgb' | 'bgr';
  readonly output: string;
  /** True where the network takes only one picture at a time. */
  readonly isSingle: boolean;
  readonly align: (points: FivePoints, cropPx: number) => Affine;
}

/** ResNet-29 of dlib, as face-api ships it. */
export const dlibContract: RecogniserContract = {
  id: recogniserId('dlib-resnet-v1'),
  cropPx: 150,
  order: 'rgb',
  output: 'embedding',
  isSingle: false,
  align: dlibAlignment,
};

/** SFace of OpenCV Zoo, built to its publisher's contract; its weights were never run with this program. */
export const sfaceContract: RecogniserContract = {
  id: recogniserId('sface-2021dec-v1'),
  cropPx: 112,
  order: 'bgr',
  output: 'fc1',
  isSingle: true,
  align: arcFaceAlignment,
};

/** FaceRes of the human package: MobileNet, larger embeddings and more errors than dlib's network. */
export const faceResContract: RecogniserContract = {
  id: recogniserId('faceres-v1'),
  cropPx: 224,
  order: 'bgr',
  output: 'embedding',
  isSingle: false,
  align: faceResAlignment,
};

const CONTRACTS = { 'dlib-resnet': dlibContract, faceres: faceResContract, sface: sfaceContract } as const;

/** Packs that make templates. */
export type RecogniserPack = keyof typeof CONTRACTS;

/** How the recogniser of a pack is fed and read. */
export function contractOf(pack: RecogniserPack): RecogniserContract {
  return CONTRACTS[pack];
}

/** Turns located faces into embeddings. */
export class Recogniser {
  readonly contract: RecogniserContract;
  readonly #network: Network;
  readonly #turn = new InTurn();
  readonly #buffer: Float32Array;

  constructor(network: Network, contract: RecogniserContract) {
    this.contract = contract;
    this.#network = network;
    this.#buffer = new Float32Array(2 * 3 * contract.cropPx * contract.cropPx);
  }

  /** Unit-length mean over the aligned face and its mirror image. */
  embed(picture: Picture, points: FivePoints): Promise<Embedding> {
    return this.#turn.run(async () => {
      const { cropPx, order, align, isSingle } = this.contract;
      const samples = this.#buffer.length / 2;
      const target = { data: this.#buffer, offset: 0, widthPx: cropPx, heightPx: cropPx, order };
      cropAffine(picture, align(points, cropPx), target);
      mirrorCrop(this.#buffer, 0, samples, cropPx);
      if (!isSingle) return unitMean(await this.#run(this.#buffer, 2), 2);
      const face = await this.#run(this.#buffer.subarray(0, samples), 1);
      const mirror = await this.#run(this.#buffer.subarray(samples), 1);
      return unitMean(Float32Array.from([...face, ...mirror]), 2);
    });
  }

  async #run(data: Float32Array, count: number): Promise<Float32Array> {
    const { cropPx, output: name } = this.contract;
    return output(await this.#network.run(data, [count, 3, cropPx, cropPx]), name);
  }
}
