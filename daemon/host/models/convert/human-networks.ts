import { GraphBuilder } from './graph-builder.js';
import type { PixelScaling, Value } from './network-value.js';
import { TfjsTranslator } from './tfjs-to-onnx.js';
import type { GraphModel } from './tfjs-topology.js';

/** The two files of a graph model. */
export interface GraphModelFiles {
  readonly model: GraphModel;
  readonly weights: Uint8Array;
}

const BATCH = 'batch';

interface Opened {
  readonly graph: GraphBuilder;
  readonly network: TfjsTranslator;
}

function open(
  name: string,
  files: GraphModelFiles,
  sizePx: number,
  mean: PixelScaling['mean'],
  scale: number,
): Opened {
  const graph = new GraphBuilder(name);
  const image: Value = { name: graph.input('image', [BATCH, 3, sizePx, sizePx]), shape: [3, sizePx, sizePx] };
  return { graph, network: new TfjsTranslator(graph, files.model, files.weights, image, { mean, scale }) };
}

function reshaped(graph: GraphBuilder, value: Value, dims: readonly number[], output: string): void {
  graph.node('Reshape', [value.name, graph.integers([0, ...dims])], { output });
  graph.output(output, [BATCH, ...dims]);
}

/** FaceMesh: `landmarks` [N,468,3] in pixels of the 192x192 crop, `presence` [N,1] in 0..1. */
export function convertFaceMesh(files: GraphModelFiles): Uint8Array {
  const { graph, network } = open('facemesh', files, 192, 0, 1 / 255);
  reshaped(graph, network.value('StatefulPartitionedCall/model_1/conv2d_21/BiasAdd'), [468, 3], 'landmarks');
  reshaped(graph, network.value('StatefulPartitionedCall/model_1/activation_1/Sigmoid'), [1], 'presence');
  return graph.encode();
}

/** Iris: `landmarks` [N,76,3] in pixels of the 64x64 crop, first 71 of the contour of the eye, then 5 of the iris. */
export function convertIris(files: GraphModelFiles): Uint8Array {
  const { graph, network } = open('iris', files, 64, 0, 1 / 255);
  reshaped(graph, network.value('Identity'), [76, 3], 'landmarks');
  return graph.encode();
}

/** BlazeFace for back cameras: `boxes` [N,896,16] as encodings, `scores` [N,896] in 0..1. The 16x16 grid comes first. */
export function convertBlazeFace(files: GraphModelFiles): Uint8Array {
  const { graph, network } = open('blazeface-back', files, 256, 127.5, 1 / 127.5);
  const join = (names: readonly string[], output?: string): string =>
    graph.node(
      'Concat',
      names.map((name) => network.value(name).name),
      { attributes: { axis: 1 }, ...(output === undefined ? {} : { output }) },
    );
  join(['Identity_2', 'Identity_3'], 'boxes');
  graph.output('boxes', [BATCH, 896, 16]);
  const scores = graph.node('Sigmoid', [join(['Identity', 'Identity_1'])]);
  reshaped(graph, { name: scores, shape: [896, 1] }, [896], 'scores');
  return graph.encode();
}

/** Antispoof: `score` [N,1] in 0..1, high for a live face. */
export function convertAntispoof(files: GraphModelFiles): Uint8Array {
  const { graph, network } = open('antispoof', files, 128, 0, 1 / 255);
  reshaped(graph, network.value('Identity'), [1], 'score');
  return graph.encode();
}

/** Liveness: `scores` [N,2], softmax. The first score is that of a live face. */
export function convertLiveness(files: GraphModelFiles): Uint8Array {
  const { graph, network } = open('liveness', files, 32, 0, 1 / 255);
  reshaped(graph, network.value('Identity'), [2], 'scores');
  return graph.encode();
}

/** Mean blue, green and red that the makers of FaceRes subtract, as VGGFace does. */
const VGG_MEAN = [103.939, 116.779, 123.68] as const;

/**
 * FaceRes: `embedding` [N,1024], not negative and not of unit length. Its outputs for age and gender are left out. It takes BGR
 * minus the mean. The package human gives it RGB without the mean: measured on faces, that makes twice as many errors.
 */
export function convertFaceRes(files: GraphModelFiles): Uint8Array {
  const { graph, network } = open('faceres', files, 224, VGG_MEAN, 1);
  reshaped(graph, network.value('global_pooling/Mean'), [1024], 'embedding');
  return graph.encode();
}
