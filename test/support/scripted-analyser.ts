import type { Detection, FaceLandmarks } from '../../daemon/kernel/faces/face.js';
import { type Box, intersectionOverUnion } from '../../daemon/kernel/faces/geometry.js';
import type { Frame, Picture } from '../../daemon/kernel/faces/picture.js';
import type { FaceQuality, ViewQuality } from '../../daemon/kernel/faces/quality.js';
import type { Embedding } from '../../daemon/kernel/identification/match.js';
import { cameraId, recogniserId } from '../../daemon/kernel/ids.js';
import type { HeadTurn } from '../../daemon/kernel/liveness/rigid-head.js';
import type { FaceTexture } from '../../daemon/kernel/liveness/skin-shift.kernel.js';
import type { Surroundings } from '../../daemon/kernel/liveness/surroundings.kernel.js';
import type { DetectOptions, FaceAnalyser } from '../../daemon/vision/face-analyser.js';
import { faceShape } from './face-shapes.js';
import { type Behind, faceTexture, surroundingsOf } from './face-textures.js';
import { headPoints } from './synthetic-head.js';

/** One face of a scene that exists only as numbers. */
export interface ScriptedFace {
  readonly box: Box;
  /** Whose face it is: every name is a direction of its own in the space of embeddings. */
  readonly who: string;
  /** Openness of both eyes, as in `EyeContour`. */
  readonly openness?: number;
  /** Where the head points; default into the camera. */
  readonly turn?: HeadTurn;
  /** How far the mouth is open, in distances of the eyes: changes in a face that lives. Default 0. */
  readonly mouth?: number;
  /** What is around it. Default a plain wall. */
  readonly behind?: Behind;
  /** `alone`: the detector finds it only when it is shown alone. Default true. */
  readonly isDetectable?: boolean | 'alone';
  readonly quality?: FaceQuality;
  /** As in `ViewQuality`; 1 by default. */
  readonly sharpness?: number;
  readonly passiveScore?: number;
}

export type Scene = (atS: number) => readonly ScriptedFace[];

const good: FaceQuality = { score: 0.8, reasons: [] };

/** A `FaceAnalyser` that finds the faces of a script at the time of the picture. Counts its calls. */
export class ScriptedAnalyser implements FaceAnalyser {
  readonly recogniser = recogniserId('scripted');
  readonly provider = { requested: 'cpu', actual: 'cpu' };
  readonly calls = { detect: 0, detectAlone: 0, locate: 0, largestLocate: 0, embed: 0 };
  readonly #scene: Scene;
  readonly #names: string[] = [];

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  detect(picture: Picture, { around, parts }: Partial<DetectOptions> = {}): Promise<readonly Detection[]> {
    this.calls[around === undefined ? 'detect' : 'detectAlone'] += 1;
    const faces = this.#facesIn(picture).filter(({ box, isDetectable = true }) =>
      around === undefined
        ? isDetectable === true && (parts === undefined || parts.some((part) => holds(part, box)))
        : isDetectable && intersectionOverUnion(box, around) > 0.1,
    );
    return Promise.resolve(faces.map(({ box }) => ({ box, score: 0.9 })));
  }

  locate(picture: Picture, regions: readonly Box[]): Promise<readonly (FaceLandmarks | undefined)[]> {
    this.calls.locate += 1;
    this.calls.largestLocate = Math.max(this.calls.largestLocate, regions.length);
    return Promise.resolve(
      regions.map((region) => {
        const face = this.#nearest(picture, region);
        return face === undefined ? undefined : landmarksOf(face);
      }),
    );
  }

  assess(picture: Picture, landmarks: FaceLandmarks): ViewQuality {
    const { quality = good, sharpness = 1 } = this.#nearest(picture, landmarks.box) ?? {};
    return { ...quality, sharpness, widthPx: landmarks.box.width, meanLuma: 120 };
  }

  texture(picture: Picture, { box }: FaceLandmarks): FaceTexture {
    return faceTexture(this.#nearest(picture, box)?.mouth);
  }

  surroundings(picture: Picture, { box, shape }: FaceLandmarks): Surroundings {
    return surroundingsOf(shape, this.#nearest(picture, box)?.behind ?? 'plain');
  }

  embed(picture: Picture, landmarks: FaceLandmarks): Promise<Embedding> {
    this.calls.embed += 1;
    const who = this.#nearest(picture, landmarks.box)?.who ?? 'nobody';
    if (!this.#names.includes(who)) this.#names.push(who);
    const embedding = new Float32Array(16);
    embedding[this.#names.indexOf(who)] = 1;
    return Promise.resolve(embedding);
  }

  passivePad(picture: Picture, box: Box): Promise<number | undefined> {
    return Promise.resolve(this.#nearest(picture, box)?.passiveScore);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  #facesIn(picture: Picture): readonly ScriptedFace[] {
    return this.#scene(new DataView(picture.data.buffer).getFloat64(0));
  }

  #nearest(picture: Picture, region: Box): ScriptedFace | undefined {
    return [...this.#facesIn(picture)]
      .filter(({ box }) => intersectionOverUnion(box, region) > 0.1)
      .sort((a, b) => intersectionOverUnion(b.box, region) - intersectionOverUnion(a.box, region))[0];
  }
}

function holds(part: Box, { x, y, width, height }: Box): boolean {
  const [right, bottom] = [part.x + part.width, part.y + part.height];
  return x >= part.x && y >= part.y && x + width <= right && y + height <= bottom;
}

/** What the networks find of a face of a script. */
export function landmarksOf({
  box,
  openness = 0.3,
  mouth = 0,
  turn = { yawDeg: 0, pitchDeg: 0 },
}: Pick<ScriptedFace, 'box' | 'openness' | 'mouth' | 'turn'>): FaceLandmarks {
  const eye = { openness, widthPx: box.width / 5 };
  return {
    presence: 1,
    box,
    shape: faceShape({ x: box.x, y: box.y, eyesPx: 0.6 * box.width, open: mouth }),
    ...headPoints(turn, { eyesPx: 0.6 * box.width, x: box.x, y: box.y }),
    pose: { ...turn, rollDeg: 0 },
    leftEye: eye,
    rightEye: eye,
  };
}

/** The frame of a scene at a time: its picture carries nothing but that time. */
export function scriptedFrame(sequence: number, atMs: number): Frame {
  const data = new Uint8Array(8);
  new DataView(data.buffer).setFloat64(0, atMs / 1000);
  return {
    cameraId: cameraId('door'),
    sequence,
    capturedAtMs: atMs,
    picture: { format: 'rgb24', widthPx: 1920, heightPx: 1080, data },
    release: () => undefined,
  };
}

/** Openness of eyes that blink, once around each of the given times, for 0.15 s. */
export function blinkingAt(atS: number, blinksS: readonly number[]): number {
  return blinksS.some((blinkS) => Math.abs(atS - blinkS) < 0.08) ? 0.1 : 0.3;
}
