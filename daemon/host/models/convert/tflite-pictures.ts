import {
  type ConvolutionConstants,
  filtersFromDepthwise,
  filtersFromOhwi,
  foldInputAffine,
  foldOutputAffine,
  joinOutputs,
  sumOfHalves,
} from './filters.kernel.js';
import type { GraphBuilder } from './graph-builder.js';
import {
  convolution,
  moreChannels,
  NO_PADDING,
  type Padding,
  prelu,
  samePadding,
  windowAttributes,
} from './layers.js';
import type { Value } from './network-value.js';
import { type TfliteGraph, type TfliteOperator, unsupportedTflite } from './tflite-file.js';
import { NO_ACTIVATION, Operator, TfliteNodes } from './tflite-nodes.js';

/** Padding of the schema. */
const SAME = 0;

/** Channels of a bottleneck of which both halves fill one block of the layout that ONNX Runtime uses with AVX-512. */
const WIDEST_BOTTLENECK = 8;

/**
 * Translates a TFLite network on pictures (NHWC, one picture) into NCHW nodes of `graph` for any batch. `scale` multiplies the pixels
 * and becomes a part of the first convolution.
 */
export class TflitePictures extends TfliteNodes {
  readonly #graph: GraphBuilder;
  readonly #scale: number;

  constructor(graph: GraphBuilder, network: TfliteGraph, image: Value, scale: number) {
    super(network, image);
    this.#graph = graph;
    this.#scale = scale;
  }

  protected override translate(operator: TfliteOperator): Value {
    const [first, second] = operator.inputs;
    switch (operator.code) {
      case Operator.conv2d:
        return this.#convolution(operator);
      case Operator.depthwiseConv2d:
        return this.#placed(operator, this.value(first), this.#constants(operator));
      case Operator.prelu: {
        const { name, shape } = this.value(first);
        return { name: prelu(this.#graph, name, this.constant(second).data), shape };
      }
      case Operator.add:
        return this.#add(operator);
      case Operator.maxPool2d:
        return this.#maxPool(operator);
      case Operator.pad:
        return this.#channelPad(operator);
      case Operator.logistic: {
        const { name, shape } = this.value(first);
        return { name: this.#graph.node('Sigmoid', [name]), shape };
      }
      case Operator.reshape:
        return this.#onePixel(operator);
      default:
        throw unsupportedTflite(`operator ${operator.code} on pictures`);
    }
  }

  #convolution(operator: TfliteOperator): Value {
    const bottleneck = this.#bottleneck(operator);
    if (bottleneck !== undefined) return bottleneck;
    return this.#placed(operator, this.value(operator.inputs[0]), this.#constants(operator));
  }

  /**
   * A narrow convolution with PReLU, a depthwise convolution, and the convolution `last`, without passes for the PReLU: the first gives
   * `max(x, 0)` and `max(-x, 0)` as channels of their own, and the two after it, which are linear, weight and sum them. Both halves fill
   * one block of ONNX Runtime's layout, which would be padded with zeros otherwise. Undefined for other layers.
   */
  #bottleneck(last: TfliteOperator): Value | undefined {
    const middle = this.maker(last.inputs[0], Operator.depthwiseConv2d);
    const bend = this.maker(middle?.inputs[0], Operator.prelu);
    const first = this.maker(bend?.inputs[0], Operator.conv2d);
    if (middle === undefined || bend === undefined || first === undefined) return undefined;
    const [narrow, deep] = [this.#constants(first), this.#constants(middle)];
    const [channels] = narrow.dims;
    if (channels > WIDEST_BOTTLENECK) return undefined;
    const none = new Float32Array(channels);
    const negative = foldOutputAffine(
      narrow,
      none.map(() => -1),
      none,
    );
    const halves = this.#placed(first, this.value(first.inputs[0]), joinOutputs(narrow, negative));
    const rectified = { ...halves, name: this.#graph.node('Relu', [halves.name]) };
    const factors = this.constant(bend.inputs[1]).data.map((slope) => -slope);
    const below = foldOutputAffine({ ...deep, bias: none }, factors, none);
    const weighted = this.#placed(middle, rectified, joinOutputs(deep, below));
    return this.#placed(last, weighted, sumOfHalves(this.#constants(last)));
  }

  /** Filters and bias of a convolution; that of the picture includes the scale of its pixels. */
  #constants(operator: TfliteOperator): ConvolutionConstants {
    const [source, filters, bias] = operator.inputs;
    const { shape, data } = this.constant(filters);
    const isDepthwise = operator.code === Operator.depthwiseConv2d;
    requireNone(operator.option(isDepthwise ? 4 : 3, 'byte'));
    const layout = isDepthwise ? filtersFromDepthwise(shape.slice(1), data) : filtersFromOhwi(shape, data);
    const constants = { ...layout, bias: this.constant(bias).data };
    return this.isInput(source) ? foldInputAffine(constants, [], this.#scale) : constants;
  }

  #placed(operator: TfliteOperator, source: Value, constants: ConvolutionConstants): Value {
    const [channels, , height, width] = constants.dims;
    const stride = strideOf(operator);
    const padding = paddingOf(operator, source, [height, width]);
    const isDepthwise = operator.code === Operator.depthwiseConv2d;
    const name = convolution(this.#graph, source.name, constants, { stride, padding, isDepthwise });
    return { name, shape: [channels, ...this.#sizeOf(operator)] };
  }

  #add(operator: TfliteOperator): Value {
    requireNone(operator.option(0, 'byte'));
    const [left, right] = operator.inputs.map((at) => this.value(at));
    if (left === undefined || right === undefined) throw unsupportedTflite('a sum of one');
    return { name: this.#graph.node('Add', [left.name, right.name]), shape: left.shape };
  }

  #maxPool(operator: TfliteOperator): Value {
    const source = this.value(operator.inputs[0]);
    const kernel = [operator.option(4, 'int'), operator.option(3, 'int')] as const;
    requireNone(operator.option(5, 'byte'));
    const attributes = windowAttributes(kernel, strideOf(operator), paddingOf(operator, source, kernel));
    const name = this.#graph.node('MaxPool', [source.name], { attributes });
    return { name, shape: [source.shape[0] ?? 0, ...this.#sizeOf(operator)] };
  }

  #channelPad(operator: TfliteOperator): Value {
    const source = this.value(operator.inputs[0]);
    const paddings = [...this.constant(operator.inputs[1]).data];
    const added = paddings[7] ?? 0;
    if (paddings.slice(0, 7).some((cells) => cells !== 0)) throw unsupportedTflite('padding of the picture');
    const [channels = 0, ...size] = source.shape;
    return {
      name: moreChannels(this.#graph, source.name, channels, added),
      shape: [channels + added, ...size],
    };
  }

  /** Of one pixel, the channels are in the same order in both layouts. */
  #onePixel(operator: TfliteOperator): Value {
    const source = this.value(operator.inputs[0]);
    const [, height, width] = source.shape;
    if (height !== 1 || width !== 1) throw unsupportedTflite('another shape for a picture');
    return source;
  }

  /** Height and width of the result. */
  #sizeOf({ outputs }: TfliteOperator): readonly number[] {
    return this.tensor(outputs[0]).shape.slice(1, 3);
  }
}

function strideOf(operator: TfliteOperator): readonly [number, number] {
  return [operator.option(2, 'int'), operator.option(1, 'int')];
}

function paddingOf(operator: TfliteOperator, source: Value, kernel: readonly [number, number]): Padding {
  if (operator.option(0, 'byte') !== SAME) return NO_PADDING;
  const [, heightPx = 0, widthPx = 0] = source.shape;
  return samePadding({ heightPx, widthPx }, kernel, strideOf(operator));
}

function requireNone(activation: number): void {
  if (activation !== NO_ACTIVATION) throw unsupportedTflite(`fused activation ${activation}`);
}
