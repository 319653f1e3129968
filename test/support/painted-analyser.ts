import type { Detection, FaceLandmarks } from '../../daemon/kernel/faces/face.js';
import type { Box } from '../../daemon/kernel/faces/geometry.js';
import type { Picture } from '../../daemon/kernel/faces/picture.js';
import type { ViewQuality } from '../../daemon/kernel/faces/quality.js';
import type { Embedding } from '../../daemon/kernel/identification/match.js';
import { recogniserId } from '../../daemon/kernel/ids.js';
import type { FaceTexture } from '../../daemon/kernel/liveness/skin-shift.kernel.js';
import type { Surroundings } from '../../daemon/kernel/liveness/surroundings.kernel.js';
import type { FaceAnalyser } from '../../daemon/vision/face-analyser.js';
import { faceTexture, surroundingsOf } from './face-textures.js';
import { landmarksOf } from './scripted-analyser.js';

/** Sides of every painted picture, pixels. */
export const paintedPx = 160;
const box: Box = { x: 40, y: 40, width: 80, height: 80 };
/** Of the embedding, degrees. */
const step = 8;

/** What the second part of a colour says. */
const states = ['open', 'closed', 'blurred', 'small', 'none'] as const;
type State = (typeof states)[number];

/**
 * The colour of a photo of one person: the direction of the embedding in steps of 8 degrees, a state, and how far the mouth is open
 * (0..1). In a clip, luma and chroma say the same as red, green and blue. Three degrees beside a step, the face stands 6 pixels to the
 * side.
 */
export const painted = (degrees: number, state: State = 'open', mouth = 0) =>
  ({ r: degrees, g: 50 * states.indexOf(state), b: Math.round(200 * mouth) }) as const;

/** A `FaceAnalyser` that sees one face in every picture, as the colour in its middle says. */
export class PaintedAnalyser implements FaceAnalyser {
  readonly recogniser = recogniserId('painted');
  readonly provider = { requested: 'cpu', actual: 'cpu' };

  detect(picture: Picture): Promise<readonly Detection[]> {
    return Promise.resolve(stateOf(picture) === 'none' ? [] : [{ box: boxIn(picture), score: 0.9 }]);
  }

  locate(picture: Picture, regions: readonly Box[]): Promise<readonly FaceLandmarks[]> {
    const openness = stateOf(picture) === 'closed' ? 0.1 : 0.3;
    const face = { box: boxIn(picture), openness, mouth: mouthOf(picture) };
    return Promise.resolve(regions.map(() => landmarksOf(face)));
  }

  assess(picture: Picture): ViewQuality {
    const state = stateOf(picture);
    const reasons =
      state === 'blurred' ? (['blurred'] as const) : state === 'small' ? (['too-small'] as const) : [];
    return { score: 0.8, reasons, sharpness: 1, widthPx: box.width, meanLuma: 120 };
  }

  texture(picture: Picture): FaceTexture {
    return faceTexture(mouthOf(picture));
  }

  surroundings(_picture: Picture, { shape }: FaceLandmarks): Surroundings {
    return surroundingsOf(shape, 'plain');
  }

  embed(picture: Picture): Promise<Embedding> {
    const angle = (nearestStep(middle(picture)[0]) * Math.PI) / 180;
    return Promise.resolve(Float32Array.of(Math.cos(angle), Math.sin(angle)));
  }

  passivePad(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}

/** The parts of the colour in the middle of a picture. */
function middle({ format, data, widthPx, heightPx }: Picture): readonly [number, number, number] {
  const middleOf = (width: number, height: number) => width * Math.floor(height / 2) + Math.floor(width / 2);
  const pixel = middleOf(widthPx, heightPx);
  const luma = widthPx * heightPx;
  const chroma = luma + middleOf(widthPx / 2, heightPx / 2);
  const at =
    format === 'rgb24' ? [0, 1, 2].map((part) => 3 * pixel + part) : [pixel, chroma, chroma + luma / 4];
  const [first = 0, second = 0, third = 0] = at.map((place) => data[place]);
  return [first, second, third];
}

const nearestStep = (degrees: number): number => step * Math.round(degrees / step);

function boxIn(picture: Picture): Box {
  const [degrees] = middle(picture);
  return { ...box, x: box.x + 6 * Math.trunc((degrees - nearestStep(degrees)) / 2) };
}

const stateOf = (picture: Picture): State | undefined => states[Math.round(middle(picture)[1] / 50)];
const mouthOf = (picture: Picture): number => middle(picture)[2] / 200;
