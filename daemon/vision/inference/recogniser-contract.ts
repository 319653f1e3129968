import { createHash } from 'node:crypto';
import { type ListedRecogniser, recogniserNames } from '../../contract/settings/vision-schema.js';
import type { ModelPack } from '../../host/models/model-manifest.js';
import { defect } from '../../kernel/errors.js';
import type { Affine } from '../../kernel/faces/affine.js';
import { arcFaceAlignment, dlibAlignment, faceResAlignment } from '../../kernel/faces/alignment.js';
import type { AlignmentPoints } from '../../kernel/faces/face.js';
import { type RecogniserId, recogniserId } from '../../kernel/ids.js';

// This file is separate from the code that runs networks: the core needs the contracts, but must not load an inference engine.

/** Mean and standard deviation of each colour, in the order in which the network takes the colours. */
export interface Scaling {
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** Which aligned faces a recogniser takes, and the name of its output. */
export interface RecogniserContract {
  /** Names the network together with the alignment. Embeddings of another network or alignment cannot be compared. */
  readonly id: RecogniserId;
  readonly cropPx: number;
  readonly order: 'rgb' | 'bgr';
  /** The network takes planes of samples, or with `NHWC` the three samples of each pixel together. Default: `NCHW`. */
  readonly layout?: 'NCHW' | 'NHWC';
  /** The network takes (sample - mean) / std of samples from 0 to 255, per colour in `order`. Absent: it takes the samples. */
  readonly scaling?: Scaling;
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
  scaling: { mean: [127.5, 127.5, 127.5], std: [127.5, 127.5, 127.5] },
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

const CONTRACTS: Readonly<Record<ListedRecogniser, RecogniserContract>> = {
  'dlib-resnet': dlibContract,
  faceres: faceResContract,
  mobilefacenet: mobileFaceNetContract,
  sface: sfaceContract,
  auraface: auraFaceContract,
};

/** The contract of a recogniser of the manifest. */
export function contractOf(name: ListedRecogniser): RecogniserContract {
  return CONTRACTS[name];
}

/** The contract of a recogniser of the manifest or of the owner. */
export function contractOfPack(pack: ModelPack): RecogniserContract {
  if (pack.source.kind === 'own') return ownContract(pack);
  const name = recogniserNames.find((known) => known === pack.id);
  if (name === undefined) throw defect('manifest-shape', `${pack.id} is not a recogniser`);
  return contractOf(name);
}

/** Whether a recogniser is some version of the own network `packId`: other versions have another hash. */
export function isVersionOf(recogniser: string, packId: string): boolean {
  return recogniser.startsWith(`${packId}-`) && /^[0-9a-f]{16}$/.test(recogniser.slice(packId.length + 1));
}

/**
 * The contract that the description of an own network states. The id contains a hash of the network, of how its input is prepared
 * and of its operating point. A gallery is bound to this id by its key: it does not open with a network or a description that was
 * changed.
 */
export function ownContract({
  id,
  sha256,
  input,
  outputs,
  thresholds,
}: Pick<ModelPack, 'id' | 'sha256' | 'input' | 'outputs' | 'thresholds'>): RecogniserContract {
  const { name, layout, colours, mean, std } = input;
  const points = thresholds.map((point) => [point.name, point.value]);
  const facts = JSON.stringify([sha256, name, layout, colours, mean, std, outputs[0]?.name, points]);
  const hash = createHash('sha256').update(facts).digest('hex').slice(0, 16);
  return {
    id: recogniserId(`${id}-${hash}`),
    cropPx: 112,
    order: colours === 'RGB' ? 'rgb' : 'bgr',
    layout,
    scaling: { mean, std },
    output: outputs[0]?.name ?? '',
    isSingle: true,
    outside: 'black',
    align: ({ arcFacePoints }) => arcFaceAlignment(arcFacePoints),
  };
}
