import type { RecogniserName } from '../../config/vision-schema.js';
import type { Affine } from '../../domain/faces/affine.js';
import {
  arcFaceAlignment,
  arcFaceEyesAlignment,
  dlibAlignment,
  faceResAlignment,
} from '../../domain/faces/alignment.js';
import type { AlignmentPoints } from '../../domain/faces/face.js';
import { type RecogniserId, recogniserId } from '../../domain/ids.js';

// Apart from what runs the networks: the core knows the recognisers, and loads no inference engine for it.

/** How one recogniser wants its aligned faces, and where it puts its numbers. */
export interface RecogniserContract {
  /** Names network and alignment together: a change of either makes embeddings that do not compare. */
  readonly id: RecogniserId;
  readonly cropPx: number;
  readonly order: 'rgb' | 'bgr';
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

/** SFace of OpenCV Zoo, built to its publisher's contract; its weights were never run with this program. */
export const sfaceContract: RecogniserContract = {
  id: recogniserId('sface-2021dec-v1'),
  cropPx: 112,
  order: 'bgr',
  output: 'fc1',
  isSingle: true,
  outside: 'border',
  align: ({ arcFacePoints }) => arcFaceEyesAlignment(arcFacePoints),
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
};

/** How the recogniser of a pack is fed and read. */
export function contractOf(pack: RecogniserName): RecogniserContract {
  return CONTRACTS[pack];
}
