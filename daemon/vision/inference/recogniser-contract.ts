import type { RecogniserName } from '../../config/vision-schema.js';
import type { Affine } from '../../domain/faces/affine.js';
import { arcFaceAlignment, dlibAlignment, faceResAlignment } from '../../domain/faces/alignment.js';
import type { AlignmentPoints } from '../../domain/faces/face.js';
import { type RecogniserId, recogniserId } from '../../domain/ids.js';

// This file is separate from the code that runs networks: the core needs the contracts, but must not load an inference engine.

/** Which aligned faces a recogniser takes, and the name of its output. */
export interface RecogniserContract {
  /** Names the network together with the alignment. Embeddings of another network or alignment cannot be compared. */
  readonly id: RecogniserId;
  readonly cropPx: number;
  readonly order: 'rgb' | 'bgr';
  /** The network takes (sample - mean) / std of samples from 0 to 255. Absent: it takes the samples. */
  readonly scaling?: { readonly mean: number; readonly std: number };
  readonly output: string;
  /** True where the network takes only one picture at a time. */
  readonly isSingle: boolean;
  /** What the crop shows outside the picture: the pixels of its border, or black. */
  readonly outside: 'border' | 'black';
  readonly align: (points: AlignmentPoints, cropPx: number) => Affine;
}

/** ResNet-29 of dlib, with the weights of face-api. */
const dlibContract: RecogniserContract = {
  id: recogniserId('dlib-resnet-v1'),
  cropPx: 150,
  order: 'rgb',
  output: 'embedding',
  isSingle: false,
  outside: 'border',
  align: ({ fivePoints }, cropPx) => dlibAlignment(fivePoints, cropPx),
};

/**
 * SFace of OpenCV Zoo. It follows the publisher's code (`FaceRecognizerSF` of OpenCV): five points, black outside the picture,
 * RGB, no scaling. Its weights were never run with this program. In `v1`, the network got BGR and was aligned by the eyes
 * alone.
 */
const sfaceContract: RecogniserContract = {
  id: recogniserId('sface-2021dec-v2'),
  cropPx: 112,
  order: 'rgb',
  output: 'fc1',
  isSingle: true,
  outside: 'black',
  align: ({ arcFacePoints }) => arcFaceAlignment(arcFacePoints),
};

/**
 * AuraFace of fal, an ArcFace network. It follows the publisher's code (`ArcFaceONNX` in the library of InsightFace). Its
 * weights were never run with this program.
 */
const auraFaceContract: RecogniserContract = {
  id: recogniserId('auraface-v1'),
  cropPx: 112,
  order: 'rgb',
  scaling: { mean: 127.5, std: 127.5 },
  output: '1333',
  isSingle: true,
  outside: 'black',
  align: ({ arcFacePoints }) => arcFaceAlignment(arcFacePoints),
};

/** FaceRes of the package human, a MobileNet. Its embeddings are larger and it makes more errors than the network of dlib. */
const faceResContract: RecogniserContract = {
  id: recogniserId('faceres-v1'),
  cropPx: 224,
  order: 'bgr',
  output: 'embedding',
  isSingle: false,
  outside: 'border',
  align: ({ fivePoints }, cropPx) => faceResAlignment(fivePoints, cropPx),
};

/**
 * MobileFaceNet of the package human-models, with a mended graph. It was trained on crops that are black outside the
 * photograph: with a repeated border, tightly cut photographs match those of other people.
 */
const mobileFaceNetContract: RecogniserContract = {
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

/** The contract of a recogniser. */
export function contractOf(pack: RecogniserName): RecogniserContract {
  return CONTRACTS[pack];
}
