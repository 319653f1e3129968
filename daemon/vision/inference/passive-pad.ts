import { boxToCrop } from '../../kernel/faces/affine.js';
import { type Box, boxCentre } from '../../kernel/faces/geometry.js';
import type { Picture } from '../../kernel/faces/picture.js';
import { cropAffine } from './affine-crop.kernel.js';
import { InputBuffers } from './input-buffers.js';
import { type Network, output } from './network.js';

const CROP_PX = 80;
/** Index of the class "live" in the output of the networks. The other classes are kinds of attacks. */
const LIVE = 1;

/** One network of the pair and the part of the picture it looks at. */
interface PassivePadNetwork {
  readonly network: Network;
  /** The crop is this many times the detector's box. */
  readonly boxFactor: number;
}

/**
 * The two passive models MiniFASNet of minivision. Each sees the face with a different share of its surroundings. The score is
 * the mean of their probabilities that the face is live.
 */
export class PassivePad {
  readonly #networks: readonly PassivePadNetwork[];
  readonly #buffers = new InputBuffers();

  constructor(networks: readonly PassivePadNetwork[]) {
    this.#networks = networks;
  }

  /** Mean probability that the face in the detector's box is live, 0..1. */
  score(picture: Picture, box: Box): Promise<number> {
    return this.#buffers.lend(3 * CROP_PX * CROP_PX, async (data) => {
      let sum = 0;
      for (const { network, boxFactor } of this.#networks) {
        const map = boxToCrop(surroundings(box, boxFactor, picture), CROP_PX, CROP_PX);
        const target = { data, offset: 0, widthPx: CROP_PX, heightPx: CROP_PX };
        cropAffine(picture, map, { ...target, order: 'bgr' });
        const logits = output(await network.run(data, [1, 3, CROP_PX, CROP_PX]), 'logits');
        sum += softmaxAt(logits, LIVE);
      }
      return sum / this.#networks.length;
    });
  }
}

/**
 * The part of the picture for a network, by the publisher's rule: the box enlarged by `factor`, or as much as the picture
 * allows. If it reaches beyond the picture, it is moved inside. It keeps the proportions of the box; the crop stretches it to a
 * square.
 */
export function surroundings(
  box: Box,
  factor: number,
  picture: { readonly widthPx: number; readonly heightPx: number },
): Box {
  const allowed = Math.min(factor, (picture.widthPx - 1) / box.width, (picture.heightPx - 1) / box.height);
  const width = box.width * allowed;
  const height = box.height * allowed;
  const centre = boxCentre(box);
  return {
    x: Math.min(Math.max(0, centre.x - width / 2), picture.widthPx - width),
    y: Math.min(Math.max(0, centre.y - height / 2), picture.heightPx - height),
    width,
    height,
  };
}

function softmaxAt(logits: Float32Array, index: number): number {
  const most = Math.max(...logits);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - most);
  return Math.exp((logits[index] ?? Number.NEGATIVE_INFINITY) - most) / sum;
}
