import { type Affine, mirrored, squareToCrop } from '../../kernel/faces/affine.js';
import type { EyeContour, FivePoints } from '../../kernel/faces/face.js';
import type { Point } from '../../kernel/faces/geometry.js';
import type { Picture } from '../../kernel/faces/picture.js';
import { EYE_POINTS, EYE_STRIDE, eyeOpenness } from '../../kernel/liveness/eye-openness.js';
import { cropAffine } from './affine-crop.kernel.js';
import { InputBuffers } from './input-buffers.js';
import { type Network, output } from './network.js';

/** Side of the network's input, pixels. */
const CROP_PX = 64;
/** Side of the crop divided by the distance of the corners of the eye, as in the training of the network. */
const CROP_FACTOR = 2.3;
/** Faces in one run, two eyes each. */
const MOST_IN_BATCH = 8;

const SAMPLES = 3 * CROP_PX * CROP_PX;
const NUMBERS = EYE_POINTS * EYE_STRIDE;

interface BothEyes {
  readonly leftEye: EyeContour;
  readonly rightEye: EyeContour;
}

/**
 * Measures how open both eyes are, with the iris network of MediaPipe. The network knows only the right eye of a person; the
 * left one is mirrored.
 */
export class EyeNetwork {
  readonly #network: Network;
  readonly #buffers = new InputBuffers();

  constructor(network: Network) {
    this.#network = network;
  }

  /** Both eyes of every face, in order. */
  async measure(picture: Picture, faces: readonly FivePoints[]): Promise<readonly BothEyes[]> {
    const eyes: BothEyes[] = [];
    for (let start = 0; start < faces.length; start += MOST_IN_BATCH) {
      eyes.push(...(await this.#batch(picture, faces.slice(start, start + MOST_IN_BATCH))));
    }
    return eyes;
  }

  async #batch(picture: Picture, faces: readonly FivePoints[]): Promise<readonly BothEyes[]> {
    const outputs = await this.#buffers.lend(2 * faces.length * SAMPLES, (data) => {
      faces.forEach(([rightOuter, rightInner, leftInner, leftOuter], index) => {
        const rollDeg = (Math.atan2(leftOuter.y - rightOuter.y, leftOuter.x - rightOuter.x) * 180) / Math.PI;
        crop(picture, { data, slot: 2 * index }, eyeCrop(rightOuter, rightInner, rollDeg));
        const leftEye = mirrored(eyeCrop(leftInner, leftOuter, rollDeg), CROP_PX);
        crop(picture, { data, slot: 2 * index + 1 }, leftEye);
      });
      return this.#network.run(data, [2 * faces.length, 3, CROP_PX, CROP_PX]);
    });
    const landmarks = output(outputs, 'landmarks');
    const openness = (eye: number): number =>
      eyeOpenness(landmarks.subarray(eye * NUMBERS, (eye + 1) * NUMBERS));
    return faces.map(([rightOuter, rightInner, leftInner, leftOuter], index) => ({
      rightEye: { openness: openness(2 * index), widthPx: distance(rightOuter, rightInner) },
      leftEye: { openness: openness(2 * index + 1), widthPx: distance(leftInner, leftOuter) },
    }));
  }
}

function crop(
  picture: Picture,
  { data, slot }: { readonly data: Float32Array; readonly slot: number },
  map: Affine,
): void {
  cropAffine(picture, map, { data, offset: slot * SAMPLES, widthPx: CROP_PX, heightPx: CROP_PX });
}

function eyeCrop(a: Point, b: Point, rollDeg: number): Affine {
  const centre = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
  return squareToCrop(centre, CROP_FACTOR * distance(a, b), rollDeg, CROP_PX);
}

function distance(a: Point, b: Point): number {
  return Math.hypot(b.x - a.x, b.y - a.y);
}
