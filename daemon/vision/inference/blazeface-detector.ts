import type { Detection } from '../../domain/faces/face.js';
import { suppressNonMaxima } from '../../domain/faces/non-maximum-suppression.js';
import type { Picture } from '../../domain/faces/picture.js';
import type { DetectOptions } from '../face-analyser.js';
import { BLAZEFACE_INPUT_PX, blazefaceAnchors, decodeBlazeface } from './blazeface-decoding.kernel.js';
import { DetectorInput } from './detector-input.js';
import { toPicture } from './detector-scale.js';
import { fixedDetectorSize, sizeAround } from './detector-size.js';
import type { DetectorPolicy, FaceDetector } from './face-detector.js';
import { InTurn } from './in-turn.js';
import { type Network, output } from './network.js';

/**
 * The light detector of the base pack: a quarter of the SSD's cost, for people close to the camera (a door station, a
 * turnstile). Its input is always 256 pixels, in which a face must be some 25 wide to be found: a tenth of the picture.
 */
export class BlazefaceDetector implements FaceDetector {
  readonly #network: Network;
  readonly #policy: DetectorPolicy;
  readonly #input = new DetectorInput('rgb');
  readonly #turn = new InTurn();
  readonly #anchors = blazefaceAnchors();

  constructor(network: Network, policy: DetectorPolicy) {
    this.#network = network;
    this.#policy = policy;
  }

  detect(picture: Picture, { smallestFacePx, around }: DetectOptions): Promise<readonly Detection[]> {
    return this.#turn.run(async () => {
      const { scoreThreshold, overlapThreshold } = this.#policy;
      const size =
        around === undefined
          ? fixedDetectorSize(picture, BLAZEFACE_INPUT_PX)
          : sizeAround(around, BLAZEFACE_INPUT_PX);
      const data = this.#input.fill(picture, size);
      const outputs = await this.#network.run(data, [1, 3, size.heightPx, size.widthPx]);
      const found = decodeBlazeface(
        output(outputs, 'boxes'),
        output(outputs, 'scores'),
        this.#anchors,
        scoreThreshold,
      );
      return toPicture(suppressNonMaxima(found, overlapThreshold), picture, size, smallestFacePx);
    });
  }
}
