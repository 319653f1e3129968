import { defect } from '../../kernel/errors.js';
import type { AlignmentPoints } from '../../kernel/faces/face.js';
import type { Picture } from '../../kernel/faces/picture.js';
import type { Embedding } from '../../kernel/identification/match.js';
import { cropAffine } from './affine-crop.kernel.js';
import { mirrorCrop, pixelByPixel, scaleSamples, unitMean } from './embedding.kernel.js';
import { InputBuffers } from './input-buffers.js';
import { type Network, output } from './network.js';
import type { RecogniserContract } from './recogniser-contract.js';

/** Turns located faces into embeddings. */
export class Recogniser {
  readonly contract: RecogniserContract;
  readonly #network: Network;
  readonly #buffers = new InputBuffers();

  constructor(network: Network, contract: RecogniserContract) {
    this.contract = contract;
    this.#network = network;
  }

  /** The mean of the embeddings of the aligned face and of its mirror image, brought to unit length. */
  embed(picture: Picture, points: AlignmentPoints): Promise<Embedding> {
    const { cropPx, order, scaling, outside, align, isSingle } = this.contract;
    const samples = 3 * cropPx * cropPx;
    return this.#buffers.lend(2 * samples, async (data) => {
      const target = { data, offset: 0, widthPx: cropPx, heightPx: cropPx, order, outside };
      cropAffine(picture, align(points, cropPx), target);
      if (scaling !== undefined) scaleSamples(data, samples, scaling);
      mirrorCrop(data, 0, samples, cropPx);
      if (!isSingle) return unitMean(await this.#run(data, 2), 2);
      const face = await this.#run(data.subarray(0, samples), 1);
      const mirror = await this.#run(data.subarray(samples), 1);
      return unitMean(Float32Array.from([...face, ...mirror]), 2);
    });
  }

  async #run(data: Float32Array, count: number): Promise<Float32Array> {
    const { cropPx, output: name, layout } = this.contract;
    if (layout !== 'NHWC') return output(await this.#network.run(data, [count, 3, cropPx, cropPx]), name);
    if (count !== 1)
      throw defect('batch-layout', 'a network that takes pixel by pixel takes one face at a time');
    const pixels = pixelByPixel(data, cropPx * cropPx);
    return output(await this.#network.run(pixels, [1, cropPx, cropPx, 3]), name);
  }
}
