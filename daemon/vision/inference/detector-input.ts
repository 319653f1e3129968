import { boxToCrop } from '../../kernel/faces/affine.js';
import type { Picture } from '../../kernel/faces/picture.js';
import { cropAffine, type PlanarTarget } from './affine-crop.kernel.js';
import { AreaResize } from './area-resize.kernel.js';
import type { DetectorSize } from './detector-size.js';
import { InputBuffers } from './input-buffers.js';

/** Brings pictures, or parts of them, to the size of a detector's input. */
export class DetectorInput {
  readonly #resize = new AreaResize();
  readonly #buffers = new InputBuffers();
  readonly #order: 'rgb' | 'bgr';

  constructor(order: 'rgb' | 'bgr') {
    this.#order = order;
  }

  /** Reads the picture at once, and lends the input until `work` has ended. */
  lend<T>(picture: Picture, size: DetectorSize, work: (data: Float32Array) => Promise<T>): Promise<T> {
    return this.#buffers.lend(3 * size.widthPx * size.heightPx, (data) => {
      this.#fill(data, picture, size);
      return work(data);
    });
  }

  #fill(data: Float32Array, picture: Picture, size: DetectorSize): void {
    const { widthPx, heightPx, usedWidthPx, usedHeightPx, part } = size;
    const target: PlanarTarget = { data, offset: 0, widthPx, heightPx, order: this.#order };
    if (part === undefined && usedWidthPx <= picture.widthPx && usedHeightPx <= picture.heightPx) {
      this.#resize.resize(picture, target, usedWidthPx, usedHeightPx);
    } else {
      const shown = part ?? { x: 0, y: 0, width: picture.widthPx, height: picture.heightPx };
      // Outside the picture, the border repeats. No detector takes that for a face.
      cropAffine(picture, boxToCrop(shown, usedWidthPx, usedHeightPx), target);
    }
  }
}
