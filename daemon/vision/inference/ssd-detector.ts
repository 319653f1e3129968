import type { Detection } from '../../kernel/faces/face.js';
import { suppressNonMaxima } from '../../kernel/faces/non-maximum-suppression.js';
import type { Picture } from '../../kernel/faces/picture.js';
import { ssdAnchors } from '../../kernel/faces/ssd-anchors.js';
import type { DetectOptions } from '../face-analyser.js';
import { DetectorInput } from './detector-input.js';
import { type DetectorSize, detectorSizes, sizeAround, toPicture } from './detector-size.js';
import type { DetectorPolicy, FaceDetector } from './face-detector.js';
import { type Network, output } from './network.js';
import { decodeSsd } from './ssd-decoding.kernel.js';

/** The network often misses faces that are narrower than this in its input, pixels. */
const WEAKEST_PX = 20;
/** Side of the input that shows one face alone. */
const ALONE_PX = 192;

/** The SSD MobileNetV1 of the base pack. It takes inputs of any size. */
export class SsdDetector implements FaceDetector {
  readonly #network: Network;
  readonly #policy: DetectorPolicy;
  readonly #input = new DetectorInput('rgb');
  readonly #anchors = new Map<string, Float32Array>();

  constructor(network: Network, policy: DetectorPolicy) {
    this.#network = network;
    this.#policy = policy;
  }

  async detect(picture: Picture, options: DetectOptions): Promise<readonly Detection[]> {
    const found = await Promise.all(
      this.#sizesFor(picture, options).map(async (size) =>
        toPicture(await this.#detectIn(picture, size), picture, size, options.smallestFacePx),
      ),
    );
    return suppressNonMaxima(found.flat(), this.#policy.overlapThreshold);
  }

  #sizesFor(picture: Picture, options: DetectOptions): readonly DetectorSize[] {
    const { around } = options;
    if (around !== undefined) return [sizeAround(around, ALONE_PX)];
    const limits = { weakestPx: WEAKEST_PX, longestPx: this.#policy.longestInputPx };
    return detectorSizes(picture, options, limits);
  }

  async #detectIn(picture: Picture, size: DetectorSize): Promise<readonly Detection[]> {
    const { scoreThreshold, overlapThreshold } = this.#policy;
    const outputs = await this.#input.lend(picture, size, (data) =>
      this.#network.run(data, [1, 3, size.heightPx, size.widthPx]),
    );
    const found = decodeSsd(
      output(outputs, 'boxes'),
      output(outputs, 'scores'),
      this.#anchorsFor(size),
      scoreThreshold,
    );
    return suppressNonMaxima(found, overlapThreshold);
  }

  #anchorsFor(size: DetectorSize): Float32Array {
    const key = `${size.widthPx}x${size.heightPx}`;
    const known = this.#anchors.get(key);
    if (known) return known;
    const anchors = ssdAnchors(size.widthPx, size.heightPx);
    this.#anchors.set(key, anchors);
    return anchors;
  }
}
