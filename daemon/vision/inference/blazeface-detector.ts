import { InTurn } from '../../base/in-turn.js';
import type { Detection } from '../../domain/faces/face.js';
import { suppressNonMaxima } from '../../domain/faces/non-maximum-suppression.js';
import type { Picture } from '../../domain/faces/picture.js';
import type { DetectOptions } from '../face-analyser.js';
import { BLAZEFACE_INPUT_PX, blazefaceAnchors, decodeBlazeface } from './blazeface-decoding.kernel.js';
import { DetectorInput } from './detector-input.js';
import { toPicture } from './detector-scale.js';
import { type DetectorSize, fixedDetectorSize, sizeAround, squareViews } from './detector-size.js';
import type { DetectorPolicy, FaceDetector } from './face-detector.js';
import { type Network, output } from './network.js';

/** How the light detector looks at a whole picture. */
export interface BlazefaceReach {
  /**
   * How wide the smallest face of a look must be in the input, pixels: the picture is cut into as many squares as that
   * needs. Absent: the picture is always shown whole.
   */
  readonly leastInInputPx?: number;
}

/**
 * The light detector of the base pack: a quarter of the SSD's cost. Its input is always 256 pixels: shown the whole
 * picture it is for people close to the camera (a door station, a turnstile); shown squares of it, for others, too.
 */
export class BlazefaceDetector implements FaceDetector {
  readonly #network: Network;
  readonly #policy: DetectorPolicy;
  readonly #reach: BlazefaceReach;
  readonly #input = new DetectorInput('rgb');
  readonly #turn = new InTurn();
  readonly #anchors = blazefaceAnchors();

  constructor(network: Network, policy: DetectorPolicy, reach: BlazefaceReach = {}) {
    this.#network = network;
    this.#policy = policy;
    this.#reach = reach;
  }

  detect(picture: Picture, options: DetectOptions): Promise<readonly Detection[]> {
    return this.#turn.run(async () => {
      const found: Detection[] = [];
      for (const size of this.#views(picture, options)) {
        found.push(...toPicture(await this.#look(picture, size), picture, size, options.smallestFacePx));
      }
      return suppressNonMaxima(found, this.#policy.overlapThreshold);
    });
  }

  #views(
    picture: Picture,
    { smallestFacePx, isQuick = false, around }: DetectOptions,
  ): readonly DetectorSize[] {
    if (around !== undefined) return [sizeAround(around, BLAZEFACE_INPUT_PX)];
    const { leastInInputPx } = this.#reach;
    if (leastInInputPx === undefined) return [fixedDetectorSize(picture, BLAZEFACE_INPUT_PX)];
    const least = isQuick ? 2 * smallestFacePx : smallestFacePx;
    return squareViews(picture, (BLAZEFACE_INPUT_PX * least) / leastInInputPx, BLAZEFACE_INPUT_PX);
  }

  async #look(picture: Picture, size: DetectorSize): Promise<readonly Detection[]> {
    const data = this.#input.fill(picture, size);
    const outputs = await this.#network.run(data, [1, 3, size.heightPx, size.widthPx]);
    return decodeBlazeface(
      output(outputs, 'boxes'),
      output(outputs, 'scores'),
      this.#anchors,
      this.#policy.scoreThreshold,
    );
  }
}
