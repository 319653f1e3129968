import type { ConvolutionConstants } from './filters.kernel.js';
import type { GraphBuilder } from './graph-builder.js';
import type { OnnxAttribute } from './onnx-proto.js';

/** Zero padding of an image: [top, left, bottom, right], or `same`: the runtime applies the "SAME" rule of TensorFlow. */
export type Padding = readonly [number, number, number, number] | 'same';

export const NO_PADDING: Padding = [0, 0, 0, 0];

/**
 * The "SAME" padding of TensorFlow for a known size. The output has ceil(size / stride) cells. An odd cell of padding goes to
 * the bottom or right.
 */
export function samePadding(
  size: { readonly heightPx: number; readonly widthPx: number },
  kernel: readonly [number, number],
  stride: readonly [number, number],
): Padding {
  const total = (sizePx: number, kernelPx: number, stridePx: number): number =>
    Math.max((Math.ceil(sizePx / stridePx) - 1) * stridePx + kernelPx - sizePx, 0);
  const vertical = total(size.heightPx, kernel[0], stride[0]);
  const horizontal = total(size.widthPx, kernel[1], stride[1]);
  const [top, left] = [Math.floor(vertical / 2), Math.floor(horizontal / 2)];
  return [top, left, vertical - top, horizontal - left];
}

/** Attributes of the sliding window of a convolution or a pool. */
export function windowAttributes(
  kernel: readonly [number, number],
  stride: readonly [number, number],
  padding: Padding,
): Record<string, OnnxAttribute> {
  const placed: Record<string, OnnxAttribute> =
    padding === 'same' ? { auto_pad: { text: 'SAME_UPPER' } } : { pads: padding };
  return { kernel_shape: kernel, strides: stride, ...placed };
}

interface ConvolutionOptions {
  readonly stride?: readonly [number, number];
  readonly padding: Padding;
  /** True: one filter for each channel. */
  readonly isDepthwise?: boolean;
}

/** Adds a convolution with its bias. Returns the name of the result. */
export function convolution(
  graph: GraphBuilder,
  input: string,
  constants: ConvolutionConstants,
  options: ConvolutionOptions,
): string {
  const [outputs, , height, width] = constants.dims;
  const inputs = [input, graph.floats(constants.dims, constants.filters)];
  if (constants.bias.some((value) => value !== 0)) inputs.push(graph.floats([outputs], constants.bias));
  const window = windowAttributes([height, width], options.stride ?? [1, 1], options.padding);
  const group = options.isDepthwise ? { group: outputs } : {};
  return graph.node('Conv', inputs, { attributes: { ...window, ...group } });
}

/** Adds `min(max(x, 0), 6)`. */
export function relu6(graph: GraphBuilder, input: string): string {
  return graph.node('Clip', [input, graph.scalar(0), graph.scalar(6)]);
}

/**
 * Adds PReLU, `x > 0 ? x : slope * x` with a slope for each channel. It is written as `slope * x + (1 - slope) * max(x, 0)`,
 * with two one-pixel depthwise convolutions. ONNX Runtime computes these in its fast blocked layout; its own PRelu converts the
 * picture to another layout and back. FaceMesh and iris run three times as fast this way.
 */
export function prelu(graph: GraphBuilder, input: string, slopes: Float32Array): string {
  const perChannel = (values: Float32Array): ConvolutionConstants => ({
    dims: [slopes.length, 1, 1, 1],
    filters: values,
    bias: new Float32Array(slopes.length),
  });
  const options = { padding: NO_PADDING, isDepthwise: true };
  const positive = graph.node('Relu', [input]);
  const linear = convolution(graph, input, perChannel(slopes), options);
  const rest = convolution(graph, positive, perChannel(slopes.map((slope) => 1 - slope)), options);
  return graph.node('Add', [rest, linear]);
}
