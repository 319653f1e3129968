import { badInput, defect } from '../../../kernel/errors.js';
import { convertDlibResNet } from './dlib-resnet.js';
import { convertFaceLandmarker } from './face-landmarker.js';
import {
  convertAntispoof,
  convertBlazeFace,
  convertFaceMesh,
  convertFaceRes,
  convertIris,
  convertLiveness,
  type GraphModelFiles,
} from './human-networks.js';
import { convertMobileFaceNet } from './mobilefacenet.js';
import { convertSsdMobilenetV1 } from './ssd-mobilenet-v1.js';
import { graphModelSchema } from './tfjs-topology.js';
import { readWeights, type WeightTensors, weightsManifestSchema } from './tfjs-weights.js';

/** The two source files of a converted network: its JSON description and its binary weights. */
export interface SourceFiles {
  readonly description: Uint8Array;
  readonly weights: Uint8Array;
}

type Recipe = (files: SourceFiles) => Uint8Array;

function parsed(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}

const fromGraph =
  (convert: (files: GraphModelFiles) => Uint8Array): Recipe =>
  ({ description, weights }) =>
    convert({ model: graphModelSchema.parse(parsed(description)), weights });

const fromWeights =
  (convert: (weights: WeightTensors) => Uint8Array): Recipe =>
  ({ description, weights }) =>
    convert(readWeights(weightsManifestSchema.parse(parsed(description)), weights));

const RECIPES: Readonly<Record<string, Recipe>> = {
  'ssd-mobilenet-v1': fromWeights(convertSsdMobilenetV1),
  'dlib-resnet': fromWeights(convertDlibResNet),
  'blazeface-back': fromGraph(convertBlazeFace),
  facemesh: fromGraph(convertFaceMesh),
  faceres: fromGraph(convertFaceRes),
  iris: fromGraph(convertIris),
  antispoof: fromGraph(convertAntispoof),
  liveness: fromGraph(convertLiveness),
  mobilefacenet: fromGraph(convertMobileFaceNet),
};

/**
 * Converts the TensorFlow.js files of the pack `packId` into one ONNX file. The same files give the same bytes on every machine.
 */
export function convertPack(packId: string, files: SourceFiles): Uint8Array {
  const recipe = RECIPES[packId];
  if (recipe === undefined) {
    throw badInput('pack-not-built', `the pack ${packId} is not built from npm packages`, {
      remedy: 'Import or fetch it instead.',
    });
  }
  return recipe(files);
}

const ORIGINAL_RECIPES: Readonly<Record<string, (original: Uint8Array) => Promise<Uint8Array>>> = {
  'face-landmarker': convertFaceLandmarker,
};

/** Converts the publisher's file of the pack `packId` into one ONNX file. The same file gives the same bytes on every machine. */
export async function convertOriginal(packId: string, original: Uint8Array): Promise<Uint8Array> {
  const recipe = ORIGINAL_RECIPES[packId];
  if (recipe === undefined) throw defect('pack-without-recipe', `no recipe converts the file of ${packId}`);
  return await recipe(original);
}
