import {
  type ConvolutionConstants,
  filtersFromDepthwise,
  filtersFromHwio,
  foldInputAffine,
  foldOutputAffine,
  pickOutputs,
} from './filters.kernel.js';
import { GraphBuilder } from './graph-builder.js';
import { convolution, NO_PADDING, type Padding, relu6 } from './layers.js';
import { type WeightTensors, weight } from './tfjs-weights.js';

/** Batch normalisation's epsilon in this network (float32 of 0.001). */
const BATCH_NORM_EPSILON = 0.0010000000474974513;

/** Depthwise layers that halve the picture. All others have stride 1. */
const HALVING_LAYERS: ReadonlySet<number> = new Set([2, 4, 6, 12]);

/** The layer that feeds the first box predictor, and the last layer of the backbone, which feeds the second. */
const FINE_LAYER = 11;
const LAST_LAYER = 13;

/** Classes the network was trained with: background, face, and one that is not used. */
const CLASSES = 3;
const FACE_CLASS = 1;

class SsdBuilder {
  readonly graph = new GraphBuilder('ssd-mobilenet-v1');
  readonly #weights: WeightTensors;

  constructor(weights: WeightTensors) {
    this.#weights = weights;
  }

  filters(name: string): ConvolutionConstants {
    const { shape, data } = weight(this.#weights, name);
    return filtersFromHwio(shape, data);
  }

  values(name: string): Float32Array {
    return weight(this.#weights, name).data;
  }

  /** A convolution with offset and ReLU6. If it needs padding, that is "same", because the size is known only at run time. */
  pointwise(input: string, prefix: string, index: number, stride: 1 | 2): string {
    const base = `${prefix}/Conv2d_${index}_pointwise`;
    const constants = {
      ...this.filters(`${base}/weights`),
      bias: this.values(`${base}/convolution_bn_offset`),
    };
    const padding: Padding = constants.dims[2] === 1 && stride === 1 ? NO_PADDING : 'same';
    return relu6(
      this.graph,
      convolution(this.graph, input, constants, { stride: [stride, stride], padding }),
    );
  }

  /** A depthwise convolution, combined with its batch normalisation, and ReLU6. */
  depthwise(input: string, index: number): string {
    const base = `MobilenetV1/Conv2d_${index}_depthwise`;
    const { shape, data } = weight(this.#weights, `${base}/depthwise_weights`);
    const mean = this.values(`${base}/BatchNorm/moving_mean`);
    const gamma = this.values(`${base}/BatchNorm/gamma`);
    const beta = this.values(`${base}/BatchNorm/beta`);
    const variance = [...this.values(`${base}/BatchNorm/moving_variance`)];
    const scale = variance.map((value, c) => (gamma[c] ?? 0) / Math.sqrt(value + BATCH_NORM_EPSILON));
    const shift = scale.map((value, c) => (beta[c] ?? 0) - (mean[c] ?? 0) * value);
    const constants = foldOutputAffine(filtersFromDepthwise(shape, data), scale, shift);
    const isHalving = HALVING_LAYERS.has(index);
    const placed = isHalving
      ? ({ stride: [2, 2], padding: 'same' } as const)
      : ({ stride: [1, 1], padding: [1, 1, 1, 1] } as const);
    return relu6(this.graph, convolution(this.graph, input, constants, { ...placed, isDepthwise: true }));
  }

  /** One box predictor: encodings [N, cells * anchors, 4], and face scores [N, cells * anchors] before the sigmoid. */
  predictor(input: string, index: number): { readonly boxes: string; readonly logits: string } {
    const base = `Prediction/BoxPredictor_${index}`;
    const head = (part: string): ConvolutionConstants => ({
      ...this.filters(`${base}/${part}/weights`),
      bias: this.values(`${base}/${part}/biases`),
    });
    const faces = pickOutputs(head('ClassPredictor'), CLASSES, FACE_CLASS);
    return {
      boxes: this.#rows(input, head('BoxEncodingPredictor'), [0, -1, 4]),
      logits: this.#rows(input, faces, [0, -1]),
    };
  }

  #rows(input: string, constants: ConvolutionConstants, shape: readonly number[]): string {
    const map = convolution(this.graph, input, constants, { padding: NO_PADDING });
    const channelsLast = this.graph.node('Transpose', [map], { attributes: { perm: [0, 2, 3, 1] } });
    return this.graph.node('Reshape', [channelsLast, this.graph.integers(shape)]);
  }
}

/**
 * Builds the face detector of face-api: an SSD on MobileNetV1 (TensorFlow Object Detection API), for pictures of any size. Input:
 * `image` [N,3,H,W], RGB 0..255. Outputs: `boxes` [N,A,4] (ty, tx, th, tw; see ssd-anchors.ts) and `scores` [N,A] in 0..1.
 */
export function convertSsdMobilenetV1(weights: WeightTensors): Uint8Array {
  const ssd = new SsdBuilder(weights);
  const { graph } = ssd;
  const image = graph.input('image', ['batch', 3, 'height', 'width']);
  const centred = graph.node('Sub', [image, graph.scalar(127.5)]);
  const stem = foldInputAffine(ssd.filters('MobilenetV1/Conv2d_0_pointwise/weights'), [], 1 / 127.5);
  const offset = ssd.values('MobilenetV1/Conv2d_0_pointwise/convolution_bn_offset');
  const first = convolution(graph, centred, { ...stem, bias: offset }, { stride: [2, 2], padding: 'same' });
  let features = relu6(graph, first);
  const maps: string[] = [];
  for (let layer = 1; layer <= LAST_LAYER; layer++) {
    features = ssd.pointwise(ssd.depthwise(features, layer), 'MobilenetV1', layer, 1);
    if (layer === FINE_LAYER || layer === LAST_LAYER) maps.push(features);
  }
  for (const [narrow, wide] of [
    [0, 1],
    [2, 3],
    [4, 5],
    [6, 7],
  ] as const) {
    features = ssd.pointwise(ssd.pointwise(features, 'Prediction', narrow, 1), 'Prediction', wide, 2);
    maps.push(features);
  }
  const heads = maps.map((map, index) => ssd.predictor(map, index));
  const attributes = { axis: 1 };
  graph.node(
    'Concat',
    heads.map((head) => head.boxes),
    { attributes, output: 'boxes' },
  );
  const logits = graph.node(
    'Concat',
    heads.map((head) => head.logits),
    { attributes },
  );
  graph.node('Sigmoid', [logits], { output: 'scores' });
  graph.output('boxes', ['batch', 'anchors', 4]);
  graph.output('scores', ['batch', 'anchors']);
  return graph.encode();
}
