import type { ConvolutionConstants } from './filters.kernel.js';
import { filtersFromDepthwise, filtersFromHwio, foldInputAffine } from './filters.kernel.js';
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
import type { PixelScaling, Value } from './network-value.js';
import {
  dataInputs,
  type GraphModel,
  type TfjsNode,
  textAttribute,
  textListAttribute,
  unsupported,
  windowAttribute,
} from './tfjs-topology.js';
import { readWeights, type WeightTensor, type WeightTensors } from './tfjs-weights.js';

/**
 * Translates a TensorFlow.js graph model (NHWC, any batch) into NCHW nodes of `graph`. Translates only the nodes that the requested
 * results need. The scale of the pixels becomes a part of the first convolution.
 */
export class TfjsTranslator {
  readonly #graph: GraphBuilder;
  readonly #nodes: ReadonlyMap<string, TfjsNode>;
  readonly #weights: WeightTensors;
  readonly #image: Value;
  readonly #pixels: PixelScaling;
  readonly #done = new Map<string, Value>();

  constructor(
    graph: GraphBuilder,
    model: GraphModel,
    weightBytes: Uint8Array,
    image: Value,
    pixels: PixelScaling,
  ) {
    this.#graph = graph;
    this.#nodes = new Map(model.modelTopology.node.map((node) => [node.name, node]));
    this.#weights = readWeights(model.weightsManifest, weightBytes);
    this.#image = image;
    this.#pixels = pixels;
  }

  /** The translated result of the TensorFlow.js node `name`. */
  value(name: string): Value {
    const known = this.#done.get(name);
    if (known !== undefined) return known;
    const value = this.#translate(this.#node(name));
    this.#done.set(name, value);
    return value;
  }

  #node(name: string): TfjsNode {
    const node = this.#nodes.get(name);
    if (node === undefined) throw unsupported({ name, op: '?', input: [], attr: {} }, 'it is missing');
    return node;
  }

  #translate(node: TfjsNode): Value {
    switch (node.op) {
      case '_FusedConv2D':
      case 'Conv2D':
        return this.#activated(node, this.#convolution(node), 2);
      case 'DepthwiseConv2dNative':
      case 'FusedDepthwiseConv2dNative':
        return this.#activated(node, this.#depthwise(node), 2);
      case '_FusedMatMul':
        return this.#activated(node, this.#matMul(node), 2);
      case 'Add':
      case 'AddV2':
        return this.#elementwise(node, 'Add');
      case 'Mul':
        return this.#elementwise(node, 'Mul');
      case 'Minimum':
        return this.#elementwise(node, 'Min');
      case 'Maximum':
        return this.#elementwise(node, 'Max');
      case 'Mean':
        return this.#meanOfPicture(node);
      case 'Prelu':
        return this.#prelu(this.value(this.#input(node, 0)), this.#constant(node, 1));
      case 'Relu':
      case 'Sigmoid':
      case 'Softmax':
        return this.#unary(node.op, this.value(this.#input(node, 0)));
      case 'MaxPool':
        return this.#maxPool(node);
      case 'Pad':
        return this.#channelPad(node);
      case 'ConcatV2':
        return this.#concat(node);
      case 'Reshape':
        return this.#reshape(node);
      case 'Identity':
        return this.value(this.#input(node, 0));
      default:
        throw unsupported(node, 'the operation is unknown');
    }
  }

  #input(node: TfjsNode, index: number): string {
    const name = dataInputs(node)[index];
    if (name === undefined) throw unsupported(node, `input ${index} is missing`);
    return name;
  }

  #constant(node: TfjsNode, index: number): WeightTensor {
    const tensor = this.#weights.get(this.#input(node, index));
    if (tensor === undefined) throw unsupported(node, `input ${index} is not a constant`);
    return tensor;
  }

  #image3(node: TfjsNode, value: Value): readonly [number, number, number] {
    const [channels, height, width] = value.shape;
    if (channels === undefined || height === undefined || width === undefined) {
      throw unsupported(node, 'its input is not an image');
    }
    return [channels, height, width];
  }

  #padding(node: TfjsNode, value: Value, kernel: readonly [number, number]): Padding {
    const rule = textAttribute(node, 'padding', 'VALID');
    if (rule === 'VALID') return NO_PADDING;
    if (rule !== 'SAME') throw unsupported(node, `padding ${rule}`);
    const [, heightPx, widthPx] = this.#image3(node, value);
    return samePadding({ heightPx, widthPx }, kernel, windowAttribute(node, 'strides'));
  }

  #placed(
    node: TfjsNode,
    source: Value,
    constants: ConvolutionConstants,
    padding: Padding,
    isDepthwise: boolean,
  ): Value {
    if (windowAttribute(node, 'dilations').some((dilation) => dilation !== 1)) {
      throw unsupported(node, 'dilation');
    }
    const stride = windowAttribute(node, 'strides');
    const name = convolution(this.#graph, source.name, constants, { stride, padding, isDepthwise });
    return {
      name,
      shape: this.#windowed(node, source, [constants.dims[2], constants.dims[3]], padding, constants.dims[0]),
    };
  }

  #windowed(
    node: TfjsNode,
    source: Value,
    kernel: readonly [number, number],
    padding: Padding,
    channels: number,
  ): readonly number[] {
    const [, height, width] = this.#image3(node, source);
    const [top, left, bottom, right] = padding === 'same' ? [0, 0, 0, 0] : padding;
    const [strideY, strideX] = windowAttribute(node, 'strides');
    return [
      channels,
      Math.floor((height + top + bottom - kernel[0]) / strideY) + 1,
      Math.floor((width + left + right - kernel[1]) / strideX) + 1,
    ];
  }

  #convolution(node: TfjsNode): Value {
    const filters = this.#constant(node, 1);
    const constants = this.#biased(node, filtersFromHwio(filters.shape, filters.data));
    const from = this.#node(this.#input(node, 0));
    if (from.op !== 'Placeholder') {
      const source = this.value(from.name);
      const padding = this.#padding(node, source, [constants.dims[2], constants.dims[3]]);
      return this.#placed(node, source, constants, padding, false);
    }
    const padding = this.#padding(node, this.#image, [constants.dims[2], constants.dims[3]]);
    const scaled = foldInputAffine(constants, [], this.#pixels.scale);
    return this.#placed(node, this.#centred(), scaled, padding, false);
  }

  #biased(node: TfjsNode, constants: ConvolutionConstants): ConvolutionConstants {
    if (!textListAttribute(node, 'fused_ops').includes('BiasAdd')) return constants;
    return { ...constants, bias: this.#constant(node, 2).data };
  }

  /** The picture minus its mean. The subtraction stays a node of its own, because the network pads with zeros after it. */
  #centred(): Value {
    const { mean } = this.#pixels;
    if (mean === 0) return this.#image;
    const subtrahend =
      typeof mean === 'number'
        ? this.#graph.scalar(mean)
        : this.#graph.floats([3, 1, 1], Float32Array.from(mean));
    const name = this.#graph.node('Sub', [this.#image.name, subtrahend]);
    return { name, shape: this.#image.shape };
  }

  #depthwise(node: TfjsNode): Value {
    const filters = this.#constant(node, 1);
    if (filters.shape[3] !== 1) throw unsupported(node, 'several filters per channel');
    const source = this.value(this.#input(node, 0));
    const constants = this.#biased(node, filtersFromDepthwise(filters.shape, filters.data));
    const padding = this.#padding(node, source, [constants.dims[2], constants.dims[3]]);
    return this.#placed(node, source, constants, padding, true);
  }

  #activated(node: TfjsNode, value: Value, biasIndex: number): Value {
    const fused = textListAttribute(node, 'fused_ops').filter((op) => op !== 'BiasAdd');
    const [activation] = fused;
    if (activation === undefined) return value;
    if (fused.length > 1) throw unsupported(node, `fused ${fused.join(', ')}`);
    if (activation === 'Relu') return this.#unary('Relu', value);
    if (activation === 'Prelu') return this.#prelu(value, this.#constant(node, biasIndex + 1));
    throw unsupported(node, `fused ${activation}`);
  }

  #unary(op: string, value: Value): Value {
    return { name: this.#graph.node(op, [value.name]), shape: value.shape };
  }

  #prelu(value: Value, slopes: WeightTensor): Value {
    return { name: prelu(this.#graph, value.name, slopes.data), shape: value.shape };
  }

  #matMul(node: TfjsNode): Value {
    const source = this.value(this.#input(node, 0));
    const matrix = this.#constant(node, 1);
    const [rows = 0, columns = 0] = matrix.shape;
    const inputs = [source.name, this.#graph.floats([rows, columns], matrix.data)];
    if (textListAttribute(node, 'fused_ops').includes('BiasAdd')) {
      inputs.push(this.#graph.floats([columns], this.#constant(node, 2).data));
    }
    return { name: this.#graph.node('Gemm', inputs), shape: [columns] };
  }

  #elementwise(node: TfjsNode, op: 'Add' | 'Mul' | 'Min' | 'Max'): Value {
    const left = this.value(this.#input(node, 0));
    const constant = this.#weights.get(this.#input(node, 1));
    if (constant === undefined) {
      const right = this.value(this.#input(node, 1));
      return { name: this.#graph.node(op, [left.name, right.name]), shape: left.shape };
    }
    const dims = left.shape.length === 3 ? [constant.data.length, 1, 1] : [constant.data.length];
    const right = this.#graph.floats(dims, constant.data);
    return { name: this.#graph.node(op, [left.name, right]), shape: left.shape };
  }

  #maxPool(node: TfjsNode): Value {
    const source = this.value(this.#input(node, 0));
    const kernel = windowAttribute(node, 'ksize');
    const padding = this.#padding(node, source, kernel);
    const attributes = windowAttributes(kernel, windowAttribute(node, 'strides'), padding);
    const name = this.#graph.node('MaxPool', [source.name], { attributes });
    return { name, shape: this.#windowed(node, source, kernel, padding, source.shape[0] ?? 0) };
  }

  #meanOfPicture(node: TfjsNode): Value {
    const source = this.value(this.#input(node, 0));
    const [channels] = this.#image3(node, source);
    if (this.#constant(node, 1).data.join() !== '1,2') throw unsupported(node, 'other axes');
    return { name: this.#graph.node('GlobalAveragePool', [source.name]), shape: [channels, 1, 1] };
  }

  #channelPad(node: TfjsNode): Value {
    const source = this.value(this.#input(node, 0));
    const [channels, height, width] = this.#image3(node, source);
    const paddings = [...this.#constant(node, 1).data];
    const added = paddings[7] ?? 0;
    if (paddings.slice(0, 7).some((cells) => cells !== 0)) throw unsupported(node, 'padding of the picture');
    const name = moreChannels(this.#graph, source.name, channels, added);
    return { name, shape: [channels + added, height, width] };
  }

  #concat(node: TfjsNode): Value {
    const inputs = dataInputs(node);
    const parts = inputs.slice(0, -1).map((name) => this.value(name));
    const [axis] = this.#constant(node, inputs.length - 1).data;
    const [first] = parts;
    if (axis !== 3 || first === undefined) throw unsupported(node, `axis ${axis}`);
    const [, height, width] = this.#image3(node, first);
    const channels = parts.reduce((sum, part) => sum + (part.shape[0] ?? 0), 0);
    const name = this.#graph.node(
      'Concat',
      parts.map((part) => part.name),
      { attributes: { axis: 1 } },
    );
    return { name, shape: [channels, height, width] };
  }

  #reshape(node: TfjsNode): Value {
    const source = this.value(this.#input(node, 0));
    const [channels, height, width] = this.#image3(node, source);
    const [, ...shape] = this.#constant(node, 1).data;
    const isOnePixel = height === 1 && width === 1;
    const ordered =
      isOnePixel || channels === 1
        ? source.name
        : this.#graph.node('Transpose', [source.name], { attributes: { perm: [0, 2, 3, 1] } });
    const target = this.#graph.integers([0, ...shape]);
    return { name: this.#graph.node('Reshape', [ordered, target]), shape };
  }
}
