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
 * Adds PReLU, `x > 0 ? x : slope * x` with a slope for each channel. It is written as `x + (1 - slope) * max(-x, 0)`, with two
 * one-pixel depthwise convolutions: the first takes the Relu along, the second the sum. ONNX Runtime computes these in its fast
 * blocked layout, in two passes; its own PRelu converts the picture to another layout and back.
 */
export function prelu(graph: GraphBuilder, input: string, slopes: Float32Array): string {
  const scaled = (name: string, factors: Float32Array): string =>
    convolution(
      graph,
      name,
      { dims: [slopes.length, 1, 1, 1], filters: factors, bias: new Float32Array(slopes.length) },
      { padding: NO_PADDING, isDepthwise: true },
    );
  const below = graph.node('Relu', [
    scaled(
      input,
      slopes.map(() => -1),
    ),
  ]);
  const bend = scaled(
    below,
    slopes.map((slope) => 1 - slope),
  );
  return graph.node('Add', [bend, input]);
}

/**
 * Adds channels of zeros after the existing ones. A one-pixel convolution that copies the channels stays in the blocked layout of ONNX
 * Runtime. Its own Pad does not, and the layers around it would convert the picture to another layout and back.
 */
export function moreChannels(graph: GraphBuilder, input: string, channels: number, added: number): string {
  const filters = new Float32Array((channels + added) * channels);
  for (let channel = 0; channel < channels; channel++) filters[channel * channels + channel] = 1;
  const bias = new Float32Array(channels + added);
  const constants: ConvolutionConstants = { dims: [channels + added, channels, 1, 1], filters, bias };
  return convolution(graph, input, constants, { padding: NO_PADDING });
}
