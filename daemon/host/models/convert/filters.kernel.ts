/**
 * The constants of a convolution in ONNX layout. `filters` is [outputs, inputs per group, height, width]. `bias` has one value for
 * each output.
 */
export interface ConvolutionConstants {
  readonly dims: readonly [number, number, number, number];
  readonly filters: Float32Array;
  readonly bias: Float32Array;
}

/** Converts [height, width, inputs, outputs] of TensorFlow to [outputs, inputs, height, width] of ONNX. */
export function filtersFromHwio(shape: readonly number[], data: Float32Array): ConvolutionConstants {
  const [height, width, inputs, outputs] = shape as [number, number, number, number];
  const filters = new Float32Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let i = 0; i < inputs; i++) {
        for (let o = 0; o < outputs; o++) {
          filters[((o * inputs + i) * height + y) * width + x] =
            data[((y * width + x) * inputs + i) * outputs + o]!;
        }
      }
    }
  }
  return { dims: [outputs, inputs, height, width], filters, bias: new Float32Array(outputs) };
}

/** Converts [outputs, height, width, inputs] of TFLite to [outputs, inputs, height, width] of ONNX. */
export function filtersFromOhwi(shape: readonly number[], data: Float32Array): ConvolutionConstants {
  const [outputs, height, width, inputs] = shape as [number, number, number, number];
  const filters = new Float32Array(data.length);
  const area = height * width;
  for (let o = 0; o < outputs; o++) {
    for (let p = 0; p < area; p++) {
      for (let i = 0; i < inputs; i++) {
        filters[(o * inputs + i) * area + p] = data[(o * area + p) * inputs + i]!;
      }
    }
  }
  return { dims: [outputs, inputs, height, width], filters, bias: new Float32Array(outputs) };
}

/** Converts depthwise [height, width, channels, 1] of TensorFlow to grouped [channels, 1, height, width] of ONNX. */
export function filtersFromDepthwise(shape: readonly number[], data: Float32Array): ConvolutionConstants {
  const [height, width, channels] = shape as [number, number, number, number];
  const filters = new Float32Array(data.length);
  for (let p = 0; p < height * width; p++) {
    for (let c = 0; c < channels; c++) filters[c * height * width + p] = data[p * channels + c]!;
  }
  return { dims: [channels, 1, height, width], filters, bias: new Float32Array(channels) };
}

/** Combines the convolution with `y * scale[output] + shift[output]` after it. */
export function foldOutputAffine(
  constants: ConvolutionConstants,
  scale: ArrayLike<number>,
  shift: ArrayLike<number>,
): ConvolutionConstants {
  const [outputs] = constants.dims;
  const perOutput = constants.filters.length / outputs;
  const filters = new Float32Array(constants.filters.length);
  const bias = new Float32Array(outputs);
  for (let o = 0; o < outputs; o++) {
    for (let k = 0; k < perOutput; k++) {
      filters[o * perOutput + k] = constants.filters[o * perOutput + k]! * scale[o]!;
    }
    bias[o] = constants.bias[o]! * scale[o]! + shift[o]!;
  }
  return { dims: constants.dims, filters, bias };
}

/**
 * Combines the convolution with `(x - mean[input]) * scale` before it. Exact only without padding or with a `mean` of zero: the
 * network pads with zeros after the subtraction, not before it.
 */
export function foldInputAffine(
  constants: ConvolutionConstants,
  mean: readonly number[],
  scale: number,
): ConvolutionConstants {
  const [outputs, inputs, height, width] = constants.dims;
  const area = height * width;
  const filters = new Float32Array(constants.filters.length);
  const bias = new Float32Array(outputs);
  for (let o = 0; o < outputs; o++) {
    let shift = 0;
    for (let i = 0; i < inputs; i++) {
      for (let p = 0; p < area; p++) {
        const at = (o * inputs + i) * area + p;
        const scaled = constants.filters[at]! * scale;
        filters[at] = scaled;
        shift += scaled * (mean[i] ?? 0);
      }
    }
    bias[o] = constants.bias[o]! - shift;
  }
  return { dims: constants.dims, filters, bias };
}

/** One convolution with the outputs of `first`, then those of `second`. Both take the same inputs. */
export function joinOutputs(first: ConvolutionConstants, second: ConvolutionConstants): ConvolutionConstants {
  const [outputs, inputs, height, width] = first.dims;
  const filters = new Float32Array(first.filters.length + second.filters.length);
  filters.set(first.filters);
  filters.set(second.filters, first.filters.length);
  const bias = new Float32Array(first.bias.length + second.bias.length);
  bias.set(first.bias);
  bias.set(second.bias, first.bias.length);
  return { dims: [outputs + second.dims[0], inputs, height, width], filters, bias };
}

/** Takes each input as the sum of two: of one in the first half of the inputs, and of one in the second half. */
export function sumOfHalves(constants: ConvolutionConstants): ConvolutionConstants {
  const [outputs, inputs, height, width] = constants.dims;
  const perOutput = inputs * height * width;
  const filters = new Float32Array(2 * constants.filters.length);
  for (let o = 0; o < outputs; o++) {
    const ofOutput = constants.filters.subarray(o * perOutput, (o + 1) * perOutput);
    filters.set(ofOutput, 2 * o * perOutput);
    filters.set(ofOutput, (2 * o + 1) * perOutput);
  }
  return { dims: [outputs, 2 * inputs, height, width], filters, bias: constants.bias };
}

/** Keeps only the outputs whose number, modulo `period`, is `phase`. */
export function pickOutputs(
  constants: ConvolutionConstants,
  period: number,
  phase: number,
): ConvolutionConstants {
  const [outputs, inputs, height, width] = constants.dims;
  const perOutput = inputs * height * width;
  const kept = Math.floor((outputs - phase + period - 1) / period);
  const filters = new Float32Array(kept * perOutput);
  const bias = new Float32Array(kept);
  for (let k = 0; k < kept; k++) {
    const o = k * period + phase;
    filters.set(constants.filters.subarray(o * perOutput, (o + 1) * perOutput), k * perOutput);
    bias[k] = constants.bias[o]!;
  }
  return { dims: [kept, inputs, height, width], filters, bias };
}
