import {
  type ConvolutionConstants,
  filtersFromHwio,
  foldInputAffine,
  foldOutputAffine,
} from './filters.kernel.js';
import { GraphBuilder } from './graph-builder.js';
import { convolution, NO_PADDING, type Padding, windowAttributes } from './layers.js';
import { type WeightTensors, weight } from './tfjs-weights.js';

/** Mean colour of dlib's face recognition network (RGB, 0..255). */
const MEAN_RGB = [122.782, 117.001, 104.298];

/** Side of the aligned face. */
const INPUT_PX = 150;

const SAME_3X3: Padding = [1, 1, 1, 1];

class ResNetBuilder {
  readonly graph = new GraphBuilder('dlib-resnet');
  readonly #weights: WeightTensors;

  constructor(weights: WeightTensors) {
    this.#weights = weights;
  }

  /** The constants of a convolution, which include the affine layer that follows it. */
  constants(prefix: string): ConvolutionConstants {
    const { shape, data } = weight(this.#weights, `${prefix}/conv/filters`);
    const bias = weight(this.#weights, `${prefix}/conv/bias`).data;
    const scale = weight(this.#weights, `${prefix}/scale/weights`).data;
    const shift = weight(this.#weights, `${prefix}/scale/biases`).data;
    return foldOutputAffine({ ...filtersFromHwio(shape, data), bias }, scale, shift);
  }

  matrix(name: string): string {
    const { shape, data } = weight(this.#weights, name);
    return this.graph.floats(shape, data);
  }

  relu(input: string): string {
    return this.graph.node('Relu', [input]);
  }

  /** A residual block: two 3x3 convolutions whose result is added to their input. */
  residual(input: string, prefix: string): string {
    const first = this.relu(
      convolution(this.graph, input, this.constants(`${prefix}/conv1`), { padding: SAME_3X3 }),
    );
    const second = convolution(this.graph, first, this.constants(`${prefix}/conv2`), { padding: SAME_3X3 });
    return this.relu(this.graph.node('Add', [second, input]));
  }

  /**
   * A residual block that halves the map. Its shortcut is average-pooled and gets channels of zeros up to the new number of
   * channels. If the pooled map is one cell larger than the convolved map, the convolved map gets a row and a column of zeros.
   */
  halving(input: string, prefix: string, sizePx: number, inputChannels: number): string {
    const constants = this.constants(`${prefix}/conv1`);
    const [channels] = constants.dims;
    const first = this.relu(
      convolution(this.graph, input, constants, { stride: [2, 2], padding: NO_PADDING }),
    );
    const second = convolution(this.graph, first, this.constants(`${prefix}/conv2`), { padding: SAME_3X3 });
    const pooled = this.graph.node('AveragePool', [input], {
      attributes: windowAttributes([2, 2], [2, 2], NO_PADDING),
    });
    const missing = Math.floor(sizePx / 2) - halvedPx(sizePx);
    const shortcut = this.#padded(pooled, [0, 0, 0, 0, 0, channels - inputChannels, 0, 0]);
    return this.relu(
      this.graph.node('Add', [this.#padded(second, [0, 0, 0, 0, 0, 0, missing, missing]), shortcut]),
    );
  }

  #padded(input: string, pads: readonly number[]): string {
    if (pads.every((cells) => cells === 0)) return input;
    return this.graph.node('Pad', [input, this.graph.integers(pads)]);
  }
}

/** Size after an unpadded 3x3 convolution of stride 2. */
function halvedPx(sizePx: number): number {
  return Math.floor((sizePx - 3) / 2) + 1;
}

/** The stages after the stem. Each is a halving block, whose input has a side of `sizePx`, and then `blocks` residual blocks. */
const STAGES = [
  { prefix: 'conv64', blocks: 3, inputChannels: 32, sizePx: 35 },
  { prefix: 'conv128', blocks: 2, inputChannels: 64, sizePx: 17 },
  { prefix: 'conv256', blocks: 2, inputChannels: 128, sizePx: 8 },
] as const;

/**
 * Builds the face recognition network of dlib, with 29 layers (D. King, dlib_face_recognition_resnet_model_v1, weights of
 * face-api). Input: `image` [N,3,150,150], RGB 0..255, aligned. Output: `embedding` [N,128].
 */
export function convertDlibResNet(weights: WeightTensors): Uint8Array {
  const net = new ResNetBuilder(weights);
  const { graph } = net;
  const image = graph.input('image', ['batch', 3, INPUT_PX, INPUT_PX]);
  const stem = foldInputAffine(net.constants('conv32_down'), MEAN_RGB, 1 / 255);
  const stemmed = net.relu(convolution(graph, image, stem, { stride: [2, 2], padding: NO_PADDING }));
  let features = graph.node('MaxPool', [stemmed], {
    attributes: windowAttributes([3, 3], [2, 2], NO_PADDING),
  });
  for (const block of [1, 2, 3]) features = net.residual(features, `conv32_${block}`);
  for (const { prefix, blocks, inputChannels, sizePx } of STAGES) {
    features = net.halving(features, `${prefix}_down`, sizePx, inputChannels);
    for (let block = 1; block <= blocks; block++) features = net.residual(features, `${prefix}_${block}`);
  }
  features = net.halving(features, 'conv256_down_out', 4, 256);
  const averaged = graph.node('ReduceMean', [features], { attributes: { axes: [2, 3], keepdims: 0 } });
  graph.node('MatMul', [averaged, net.matrix('fc')], { output: 'embedding' });
  graph.output('embedding', ['batch', 128]);
  return graph.encode();
}
