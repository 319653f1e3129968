import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GraphBuilder } from '../../daemon/host/models/convert/graph-builder.js';
import { mendMobileFaceNet } from '../../daemon/host/models/convert/mobilefacenet.js';
import { TfjsTranslator } from '../../daemon/host/models/convert/tfjs-to-onnx.js';
import { graphModelSchema } from '../../daemon/host/models/convert/tfjs-topology.js';
import { programRoot } from '../../daemon/host/program-files.js';

const sources = join(programRoot(), 'models', 'build', '.sources', 'mobilefacenet', 'models');

/** For node:test's `skip`: a recogniser of faces is made of the files of mobilefacenet. */
export const withoutFaceNetwork = existsSync(sources)
  ? false
  : 'mobilefacenet is not built: rollcall models build';

export interface OwnInput {
  readonly layout: 'NCHW' | 'NHWC';
  readonly colours: 'RGB' | 'BGR';
  /** The network takes (sample - mean) / std. */
  readonly mean: number;
  readonly std: number;
}

function layers(graph: GraphBuilder, { layout, colours }: OwnInput): string {
  const image = graph.input('input.1', layout === 'NCHW' ? ['n', 3, 112, 112] : ['n', 112, 112, 3]);
  const planes =
    layout === 'NCHW' ? image : graph.node('Transpose', [image], { attributes: { perm: [0, 3, 1, 2] } });
  if (colours === 'RGB') return planes;
  return graph.node('Gather', [planes, graph.integers([2, 1, 0])], { attributes: { axis: 1 } });
}

/** MobileFaceNet as somebody else may have exported it: with another input. */
export function faceNetwork(input: OwnInput): Uint8Array {
  const [description, weights] = ['mobilefacenet.json', 'mobilefacenet.bin'].map((name) =>
    readFileSync(join(sources, name)),
  );
  const parsed = graphModelSchema.parse(JSON.parse(String(description)));
  const mended = mendMobileFaceNet({ model: parsed, weights: weights ?? new Uint8Array() });
  const graph = new GraphBuilder('own');
  const image = { name: layers(graph, input), shape: [3, 112, 112] };
  // Undoes the preparation, and then prepares as in the training: (x - 127.5) / 128.
  const before = { mean: (127.5 - input.mean) / input.std, scale: input.std / 128 };
  const network = new TfjsTranslator(graph, mended.model, mended.weights, image, before);
  const found = network.value('MobileFaceNet/Logits/LinearConv1x1/BatchNorm/FusedBatchNorm');
  graph.node('Flatten', [found.name], { attributes: { axis: 1 }, output: '683' });
  graph.output('683', [1, 192]);
  return graph.encode();
}

/** A network of the right shape that nobody trained. `seed` decides its weights. `isBroken`: some of what it computes is no number. */
export function untrainedNetwork(seed = 1, { isBroken = false } = {}): Uint8Array {
  let state = seed;
  const random = (): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 31 - 1;
  };
  const weights = (count: number) => Float32Array.from({ length: count }, random);
  const graph = new GraphBuilder('untrained');
  const image = graph.input('input.1', ['n', 3, 112, 112]);
  const strides = { attributes: { kernel_shape: [8, 8], strides: [8, 8] } };
  const kernel = graph.floats([16, 3, 8, 8], weights(16 * 3 * 64));
  const first = graph.node('Relu', [graph.node('Conv', [image, kernel], strides)]);
  const flat = graph.node('Flatten', [first], { attributes: { axis: 1 } });
  const full = graph.floats([16 * 14 * 14, 128], weights(16 * 14 * 14 * 128));
  const product = graph.node('MatMul', [flat, full]);
  // Numbers below zero have no root.
  graph.node(isBroken ? 'Sqrt' : 'Identity', [product], { output: '683' });
  graph.output('683', ['n', 128]);
  return graph.encode();
}
