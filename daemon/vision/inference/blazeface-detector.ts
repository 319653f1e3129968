import type { Detection } from '../../kernel/faces/face.js';
import { suppressNonMaxima } from '../../kernel/faces/non-maximum-suppression.js';
import type { Picture } from '../../kernel/faces/picture.js';
import type { DetectOptions } from '../face-analyser.js';
import { BLAZEFACE_INPUT_PX, blazefaceAnchors, decodeBlazeface } from './blazeface-decoding.kernel.js';
import { DetectorInput } from './detector-input.js';
import {
  type DetectorSize,
  fixedDetectorSize,
  sizeAround,
  squareOf,
  squareViews,
  toPicture,
} from './detector-size.js';
import type { DetectorPolicy, FaceDetector } from './face-detector.js';
import { type Network, output } from './network.js';

/** By how much at most a part of a picture is shown larger than in a run on the whole picture. */
const MOST_ENLARGED = 2;

/** How the light detector searches a whole picture. */
interface BlazefaceReach {
  /**
   * Minimum width of the smallest searched face in the input of the network, pixels. The picture is cut into as many squares as
   * this needs. Absent: the input is always the whole picture.
   */
  readonly leastInInputPx?: number;
}

/**
 * The light detector of the base pack, at a quarter of the cost of the SSD. Its input always has 256 pixels. If the input is the
 * whole picture, it finds only people close to the camera (a door station, a turnstile); in squares of the picture it finds others
 * too.
 */
export class BlazefaceDetector implements FaceDetector {
  readonly #network: Network;
  readonly #policy: DetectorPolicy;
  readonly #reach: BlazefaceReach;
  readonly #input = new DetectorInput('rgb');
  readonly #anchors = blazefaceAnchors();

  constructor(network: Network, policy: DetectorPolicy, reach: BlazefaceReach = {}) {
    this.#network = network;
    this.#policy = policy;
    this.#reach = reach;
  }

  async detect(picture: Picture, options: DetectOptions): Promise<readonly Detection[]> {
    const found = await Promise.all(
      this.#views(picture, options).map(async (size) =>
        toPicture(await this.#detectIn(picture, size), picture, size, options.smallestFacePx),
      ),
    );
    return suppressNonMaxima(found.flat(), this.#policy.overlapThreshold);
  }

  #views(
    picture: Picture,
    { smallestFacePx, isQuick = false, around, parts }: DetectOptions,
  ): readonly DetectorSize[] {
    if (around !== undefined) return [sizeAround(around, BLAZEFACE_INPUT_PX)];
    const { leastInInputPx } = this.#reach;
    if (leastInInputPx === undefined) return [fixedDetectorSize(picture, BLAZEFACE_INPUT_PX)];
    const least = isQuick ? 2 * smallestFacePx : smallestFacePx;
    const partPx = (BLAZEFACE_INPUT_PX * least) / leastInInputPx;
    const whole = squareViews(picture, partPx, BLAZEFACE_INPUT_PX);
    const sides = parts?.map(({ width, height }) => Math.max(width, height)) ?? [];
    // A view costs the same whatever it shows: parts only pay if fewer views show them.
    if (parts === undefined || parts.length >= whole.length || Math.max(...sides) > partPx) return whole;
    return parts.map((part, index) =>
      squareOf(part, picture, Math.max(partPx / MOST_ENLARGED, sides[index] ?? 0), BLAZEFACE_INPUT_PX),
    );
  }

  async #detectIn(picture: Picture, size: DetectorSize): Promise<readonly Detection[]> {
    const outputs = await this.#input.lend(picture, size, (data) =>
      this.#network.run(data, [1, 3, size.heightPx, size.widthPx]),
    );
    return decodeBlazeface(
      output(outputs, 'boxes'),
      output(outputs, 'scores'),
      this.#anchors,
      this.#policy.scoreThreshold,
    );
  }
}
