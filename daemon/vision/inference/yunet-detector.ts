import type { Detection } from '../../kernel/faces/face.js';
import { suppressNonMaxima } from '../../kernel/faces/non-maximum-suppression.js';
import type { Picture } from '../../kernel/faces/picture.js';
import type { DetectOptions } from '../face-analyser.js';
import { DetectorInput } from './detector-input.js';
import {
  type DetectorSize,
  detectorSizes,
  fixedDetectorSize,
  sizeAround,
  toPicture,
} from './detector-size.js';
import type { DetectorPolicy, FaceDetector } from './face-detector.js';
import { type Network, output } from './network.js';
import { decodeYunet } from './yunet-decoding.kernel.js';

const STRIDES_PX = [8, 16, 32] as const;

/** The network often misses faces that are narrower than this in its input, pixels. */
const WEAKEST_PX = 12;
/** Side of the input that shows one face alone, if the file takes any size. */
const ALONE_PX = 192;

/** YuNet of OpenCV. Its file takes inputs of any size, or only a square of the size with which it was exported. */
export class YunetDetector implements FaceDetector {
  readonly #network: Network;
  readonly #policy: DetectorPolicy;
  readonly #fixedSidePx: number | undefined;
  readonly #input = new DetectorInput('bgr');

  constructor(network: Network, policy: DetectorPolicy, fixedSidePx?: number) {
    this.#network = network;
    this.#policy = policy;
    this.#fixedSidePx = fixedSidePx;
  }

  async detect(picture: Picture, options: DetectOptions): Promise<readonly Detection[]> {
    const found = await Promise.all(
      this.#sizesFor(picture, options).map(async (size) =>
        toPicture(await this.#detectIn(picture, size), picture, size, options.smallestFacePx),
      ),
    );
    return suppressNonMaxima(found.flat(), this.#policy.overlapThreshold);
  }

  /** A file of fixed size is shown the whole picture instead of parts of it. */
  #sizesFor(picture: Picture, options: DetectOptions): readonly DetectorSize[] {
    const { around } = options;
    const fixedPx = this.#fixedSidePx;
    if (around !== undefined) return [sizeAround(around, fixedPx ?? ALONE_PX)];
    if (fixedPx !== undefined) return [fixedDetectorSize(picture, fixedPx)];
    const limits = { weakestPx: WEAKEST_PX, longestPx: this.#policy.longestInputPx };
    return detectorSizes(picture, options, limits);
  }

  async #detectIn(picture: Picture, size: DetectorSize): Promise<readonly Detection[]> {
    const { scoreThreshold, overlapThreshold } = this.#policy;
    const outputs = await this.#input.lend(picture, size, (data) =>
      this.#network.run(data, [1, 3, size.heightPx, size.widthPx]),
    );
    const found = STRIDES_PX.flatMap((stridePx) =>
      decodeYunet(
        {
          stridePx,
          columns: size.widthPx / stridePx,
          classScores: output(outputs, `cls_${stridePx}`),
          objectScores: output(outputs, `obj_${stridePx}`),
          boxes: output(outputs, `bbox_${stridePx}`),
        },
        scoreThreshold,
      ),
    );
    return suppressNonMaxima(found, overlapThreshold);
  }
}
