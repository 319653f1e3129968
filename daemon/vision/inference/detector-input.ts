import { boxToCrop } from '../../kernel/faces/affine.js';
import type { Picture } from '../../kernel/faces/picture.js';
import { cropAffine, type PlanarTarget } from './affine-crop.kernel.js';
import { AreaResize } from './area-resize.kernel.js';
import type { DetectorSize } from './detector-size.js';

/**
 * Brings pictures, or parts of them, to the size of a detector's input. Reuses one buffer: a result is valid until the next
 * call.
 */
export class DetectorInput {
  readonly #resize = new AreaResize();
  readonly #order: 'rgb' | 'bgr';
  #data = new Float32Array(0);

  constructor(order: 'rgb' | 'bgr') {
    this.#order = order;
  }

  fill(picture: Picture, size: DetectorSize): Float32Array {
    const { widthPx, heightPx, usedWidthPx, usedHeightPx, part } = size;
    const samples = 3 * widthPx * heightPx;
    // Sizes alternate. New megabytes for each of them would keep the garbage collector busy.
    if (this.#data.length < samples) this.#data = new Float32Array(samples);
    const data = this.#data.subarray(0, samples);
    const target: PlanarTarget = { data, offset: 0, widthPx, heightPx, order: this.#order };
    if (part === undefined && usedWidthPx <= picture.widthPx && usedHeightPx <= picture.heightPx) {
      this.#resize.resize(picture, target, usedWidthPx, usedHeightPx);
    } else {
      const shown = part ?? { x: 0, y: 0, width: picture.widthPx, height: picture.heightPx };
      // Outside the picture, the border repeats. No detector takes that for a face.
      cropAffine(picture, boxToCrop(shown, usedWidthPx, usedHeightPx), target);
    }
    return data;
  }
}
