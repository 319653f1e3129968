import type { Detection } from '../../kernel/faces/face.js';
import { suppressNonMaxima } from '../../kernel/faces/non-maximum-suppression.js';
import type { Picture } from '../../kernel/faces/picture.js';
import type { DetectOptions } from '../face-analyser.js';
import { DetectorInput } from './detector-input.js';
import {
  type DetectorSize,
  detectorSize,
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

  async detect(
    picture: Picture,
    { smallestFacePx, isQuick = false, around }: DetectOptions,
  ): Promise<readonly Detection[]> {
    const { scoreThreshold, overlapThreshold } = this.#policy;
    const size =
      around === undefined
        ? this.#sizeFor(picture, isQuick ? 2 * smallestFacePx : smallestFacePx)
        : sizeAround(around, this.#fixedSidePx ?? ALONE_PX);
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
    return toPicture(suppressNonMaxima(found, overlapThreshold), picture, size, smallestFacePx);
  }

  #sizeFor(picture: Picture, smallestFacePx: number): DetectorSize {
    return this.#fixedSidePx === undefined
      ? detectorSize(picture, smallestFacePx, WEAKEST_PX, this.#policy.longestInputPx)
      : fixedDetectorSize(picture, this.#fixedSidePx);
  }
}
