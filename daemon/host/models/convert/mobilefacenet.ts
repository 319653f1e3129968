import { GraphBuilder } from './graph-builder.js';
import type { GraphModelFiles } from './human-networks.js';
import type { Value } from './network-value.js';
import { TfjsTranslator } from './tfjs-to-onnx.js';
import { dataInputs, type TfjsNode, textListAttribute, unsupported } from './tfjs-topology.js';
import { scaleWeights } from './tfjs-weights.js';

/** Side of the aligned face. */
const INPUT_PX = 112;

/** The embedding before the graph brings it to unit length: first, the mean with the mirror image is taken. */
const EMBEDDING = 'MobileFaceNet/Logits/LinearConv1x1/BatchNorm/FusedBatchNorm';

/** Numbers of depthwise layers with a fused Relu, and of PReLUs, in the published file. */
const FUSED_RELUS = 16;
const PRELUS = 33;

/**
 * Mends the published graph, which gives every face the same embedding. The graph has 33 PReLUs, each written as
 * `Relu(x) + mul * (x - |x|)`. Its conversion made two errors:
 * - In 16 depthwise layers, the Relu was fused into the convolution. So the other branch gets Relu(x), too, and is always zero.
 *   Here, the convolution gives x again.
 * - The constant `mul` has the wrong sign in all PReLUs. The slope below zero is -2 * mul, not 2 * mul. With these slopes, the
 *   mean of each channel fits the bias of the next layer.
 * Each PReLU becomes one node `Prelu` with the name of its sum and with the slopes as its constant. The given files stay
 * unchanged. Throws `network-unsupported` if the graph is another one.
 */
export function mendMobileFaceNet({ model, weights }: GraphModelFiles): GraphModelFiles {
  const nodes = new Map(model.modelTopology.node.map((node) => [node.name, node]));
  const prelus = [...nodes.values()]
    .filter((node) => node.op === 'Abs')
    .map((abs) => preluAround(abs, nodes));
  const layers = new Set(prelus.map(({ layer }) => layer).filter(isReluFused));
  if (prelus.length !== PRELUS || layers.size !== FUSED_RELUS) {
    const [node = { name: model.format, op: 'graph', input: [], attr: {} }] = nodes.values();
    throw unsupported(
      node,
      `${prelus.length} PReLUs and ${layers.size} fused Relus are not those of the file`,
    );
  }
  for (const { sum, layer, slopes, parts } of prelus) {
    for (const part of parts) nodes.delete(part);
    nodes.set(layer.name, isReluFused(layer) ? withoutRelu(layer) : layer);
    nodes.set(sum.name, { name: sum.name, op: 'Prelu', input: [layer.name, slopes], attr: {} });
  }
  const constants = prelus.map(({ slopes }) => slopes);
  return {
    model: { ...model, modelTopology: { ...model.modelTopology, node: [...nodes.values()] } },
    weights: scaleWeights(model.weightsManifest, weights, constants, -2),
  };
}

interface WrittenPrelu {
  /** The convolution whose result is x. */
  readonly layer: TfjsNode;
  /** The node that gives the result. */
  readonly sum: TfjsNode;
  /** The constant with a value for each channel. */
  readonly slopes: string;
  /** Nodes that are removed: only the written form needs them. */
  readonly parts: readonly string[];
}

/**
 * Finds the nodes of the PReLU that `abs` belongs to: `layer -> [Relu], Abs, sub, mul_1 -> add`. All but the layer are in one
 * folder.
 */
function preluAround(abs: TfjsNode, nodes: ReadonlyMap<string, TfjsNode>): WrittenPrelu {
  const folder = abs.name.slice(0, abs.name.lastIndexOf('/'));
  const at = (name: string): TfjsNode => {
    const node = nodes.get(name);
    if (node === undefined) throw unsupported(abs, `the node ${name} is missing`);
    return node;
  };
  const [difference, scaled, sum] = [at(`${folder}/sub`), at(`${folder}/mul_1`), at(`${folder}/add`)];
  const layer = at(dataInputs(abs)[0] ?? '');
  const [positive = ''] = dataInputs(sum);
  const slopes = `${folder}/mul`;
  const isAsWritten =
    dataInputs(difference).join() === `${layer.name},${abs.name}` &&
    dataInputs(scaled).join() === `${difference.name},${slopes}` &&
    dataInputs(sum).join() === `${positive},${scaled.name}` &&
    (isReluFused(layer) ? positive === layer.name : dataInputs(at(positive)).join() === layer.name);
  if (!isAsWritten) throw unsupported(abs, 'it is not part of a PReLU as this file writes it');
  const rectified = isReluFused(layer) ? [] : [positive];
  return { layer, sum, slopes, parts: [abs.name, difference.name, scaled.name, ...rectified] };
}

function isReluFused(layer: TfjsNode): boolean {
  return textListAttribute(layer, 'fused_ops').includes('Relu');
}

function withoutRelu(layer: TfjsNode): TfjsNode {
  const s = (layer.attr['fused_ops']?.list?.s ?? []).slice(0, 1);
  return { ...layer, attr: { ...layer.attr, fused_ops: { list: { s } } } };
}

/**
 * MobileFaceNet. Input: `image` [N,3,112,112], RGB 0..255, aligned. Output: `embedding` [N,192], not of unit length. The graph
 * is mended first. The network gets `(pixel - 127.5) / 128`, as in its training.
 */
export function convertMobileFaceNet(files: GraphModelFiles): Uint8Array {
  const { model, weights } = mendMobileFaceNet(files);
  const graph = new GraphBuilder('mobilefacenet');
  const shape = [3, INPUT_PX, INPUT_PX];
  const image: Value = { name: graph.input('image', ['batch', ...shape]), shape };
  const network = new TfjsTranslator(graph, model, weights, image, { mean: 127.5, scale: 1 / 128 });
  const found = network.value(EMBEDDING);
  graph.node('Flatten', [found.name], { attributes: { axis: 1 }, output: 'embedding' });
  graph.output('embedding', ['batch', 192]);
  return graph.encode();
}
