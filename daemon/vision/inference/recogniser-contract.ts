import type { RecogniserName } from '../../config/vision-schema.js';
import type { Affine } from '../../domain/faces/affine.js';
import { arcFaceAlignment, dlibAlignment, faceResAlignment } from '../../domain/faces/alignment.js';
import type { AlignmentPoints } from '../../domain/faces/face.js';
import { type RecogniserId, recogniserId } from '../../domain/ids.js';

// Apart from what runs the networks: the core knows the recognisers, and loads no inference engine for it.

/** How one recogniser wants its aligned faces, and where it puts its numbers. */
export interface RecogniserContract {
  /** Names network and alignment together: a change of either makes embeddings that do not compare. */
  readonly id: RecogniserId;
  readonly cropPx: number;
  readonly order: 'rgb' | 'bgr';
  /** The network takes (sample - mean) / std of samples from 0 to 255; absent: the samples themselves. */
  readonly scaling?: { readonly mean: number; readonly std: number };
  readonly output: string;
  /** True where the network takes only one picture at a time. */
  readonly isSingle: boolean;
  /** What the crop shows outside the picture: the pixels of its border, or black. */
  readonly outside: 'border' | 'black';
  readonly align: (points: AlignmentPoints, cropPx: number) => Affine;
}

/** ResNet-29 of dlib, as face-api ships it. */
export const dlibContract: RecogniserContract = {
  id: recogniserId('dlib-resnet-v1'),
  cropPx: 150,
  order: 'rgb',
  output: 'embedding',
  isSingle: false,
  outside: 'border',
  align: ({ fivePoints }, cropPx) => dlibAlignment(fivePoints, cropPx),
};

/**
 * SFace of OpenCV Zoo, built to its publisher's contract (`FaceRecognizerSF` of OpenCV: five points, black outside the
 * picture, blue and red exchanged in OpenCV's BGR pictures, no scaling); its weights were never run with this program.
 * `v1` fed it BGR and aligned by the eyes alone.
 */
export const sfaceContract: RecogniserContract = {
  id: recogniserId('sface-2021dec-v2'),
  cropPx: 112,
  order: 'rgb',
  output: 'fc1',
  isSingle: true,
  outside: 'black',
  align: ({ arcFacePoints }) => arcFaceAlignment(arcFacePoints),
};

/**
 * AuraFace of fal, built to the contract of the ArcFace networks that it is one of (`ArcFaceONNX` of InsightFace's library);
 * its weights were never run with this program.
 */
export const auraFaceContract: RecogniserContract = {
  id: recogniserId('auraface-v1'),
  cropPx: 112,
  order: 'rgb',
  scaling: { mean: 127.5, std: 127.5 },
  output: '1333',
  isSingle: true,
  outside: 'black',
  align: ({ arcFacePoints }) => arcFaceAlignment(arcFacePoints),
};

/** FaceRes of the human package: MobileNet, larger embeddings and more errors than dlib's network. */
export const faceResContract: RecogniserContract = {
  id: recogniserId('faceres-v1'),
  cropPx: 224,
  order: 'bgr',
  output: 'embedding',
  isSingle: false,
  outside: 'border',
  align: ({ fivePoints }, cropPx) => faceResAlignment(fivePoints, cropPx),
};

/**
 * MobileFaceNet of the human-models package, its graph mended. It was trained on crops that are black outside the
 * photograph: with a repeated border, photographs that are cut tightly match those of other people.
 */
export const mobileFaceNetContract: RecogniserContract = {
  id: recogniserId('mobilefacenet-v1'),
  cropPx: 112,
  order: 'rgb',
  output: 'embedding',
  isSingle: false,
  outside: 'black',
  align: ({ arcFacePoints }) => arcFaceAlignment(arcFacePoints),
};

const CONTRACTS: Readonly<Record<RecogniserName, RecogniserContract>> = {
  'dlib-resnet': dlibContract,
  faceres: faceResContract,
  mobilefacenet: mobileFaceNetContract,
  sface: sfaceContract,
  auraface: auraFaceContract,
};

/** How the recogniser of a pack is fed and read. */
export function contractOf(pack: RecogniserName): RecogniserContract {
  return CONTRACTS[pack];
}
