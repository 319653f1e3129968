import type { GraphBuilder } from './graph-builder.js';
import type { Value } from './network-value.js';
import { type TfliteGraph, type TfliteOperator, unsupportedTflite } from './tflite-file.js';
import { NO_ACTIVATION, Operator, RELU, TfliteNodes } from './tflite-nodes.js';

/** Operators of two values that are one node in ONNX. */
const BINARY: Readonly<Partial<Record<number, string>>> = {
  [Operator.add]: 'Add',
  [Operator.sub]: 'Sub',
  [Operator.mul]: 'Mul',
  [Operator.div]: 'Div',
};

/** Operators of one value, as the nodes that follow each other in ONNX. */
const UNARY: Readonly<Partial<Record<number, readonly string[]>>> = {
  [Operator.neg]: ['Neg'],
  [Operator.sqrt]: ['Sqrt'],
  [Operator.rsqrt]: ['Sqrt', 'Reciprocal'],
  [Operator.logistic]: ['Sigmoid'],
};

/**
 * Translates a TFLite network on rows of numbers into nodes of `graph` for any batch. The order of the dimensions stays, so a
 * convolution of one cell is a product of matrices. `Value.shape` does not contain the batch.
 */
export class TfliteRows extends TfliteNodes {
  readonly #graph: GraphBuilder;

  constructor(graph: GraphBuilder, network: TfliteGraph, rows: Value) {
    super(network, rows);
    this.#graph = graph;
  }

  protected override translate(operator: TfliteOperator): Value {
    const shape = this.tensor(operator.outputs[0]).shape.slice(1);
    return { name: this.#named(operator, shape), shape };
  }

  /** Adds the nodes of an operator, and returns the name of their result. */
  #named(operator: TfliteOperator, shape: readonly number[]): string {
    const { code, inputs } = operator;
    const [first, second] = inputs;
    const normalised = this.#layerNormalization(operator);
    if (normalised !== undefined) return normalised;
    const binary = BINARY[code];
    if (binary !== undefined) {
      if (operator.option(0, 'byte') !== NO_ACTIVATION) throw unsupportedTflite('a fused activation');
      return this.#graph.node(binary, [this.#name(first), this.#name(second)]);
    }
    const unary = UNARY[code];
    if (unary !== undefined) {
      return unary.reduce((name, op) => this.#graph.node(op, [name]), this.#name(first));
    }
    switch (code) {
      case Operator.squaredDifference: {
        const difference = this.#graph.node('Sub', [this.#name(first), this.#name(second)]);
        return this.#graph.node('Mul', [difference, difference]);
      }
      case Operator.mean:
        return this.#graph.node('ReduceMean', [this.#name(first)], {
          attributes: { axes: this.#axes(operator), keepdims: 1 },
        });
      case Operator.sum:
        return this.#graph.node('ReduceSum', [this.#name(first), this.#graph.integers(this.#axes(operator))]);
      case Operator.transpose: {
        const perm = [...this.constant(second).data];
        if (perm[0] !== 0) throw unsupportedTflite('a batch that is moved');
        return this.#graph.node('Transpose', [this.#name(first)], { attributes: { perm } });
      }
      case Operator.reshape:
        return this.#graph.node('Reshape', [this.#name(first), this.#graph.integers([0, ...shape])]);
      case Operator.stridedSlice:
        return this.#slice(operator);
      case Operator.concatenation:
        return this.#concatenation(operator, shape);
      case Operator.conv2d:
        return this.#product(operator);
      default:
        throw unsupportedTflite(`operator ${code} on rows`);
    }
  }

  #name(at: number | undefined): string {
    if (!this.isConstant(at)) return this.value(at).name;
    const { shape, data } = this.constant(at);
    return this.#graph.floats(shape, data);
  }

  /**
   * One node for a layer normalisation, which the file writes as eight: `x * gain + -mean(x) * gain`, where `gain` is
   * `scale / sqrt(mean((x - mean(x))^2) + epsilon)`. Undefined for an operator that does not end one.
   */
  #layerNormalization({ code, inputs }: TfliteOperator): string | undefined {
    if (code !== Operator.add) return undefined;
    const [scaled, shift] = inputs.map((at) => this.maker(at, Operator.mul)?.inputs ?? []);
    const [x, gain] = scaled ?? [];
    const [negated, sameGain] = shift ?? [];
    const [mean] = this.maker(negated, Operator.neg)?.inputs ?? [];
    const [root, scale] = this.maker(gain, Operator.mul)?.inputs ?? [];
    const [sum] = this.maker(root, Operator.rsqrt)?.inputs ?? [];
    const [variance, epsilon] = this.maker(sum, Operator.add)?.inputs ?? [];
    const [squares] = this.maker(variance, Operator.mean)?.inputs ?? [];
    const [value, centre] = this.maker(squares, Operator.squaredDifference)?.inputs ?? [];
    const means = [mean, variance].map((at) => this.maker(at, Operator.mean));
    const isWhole =
      x !== undefined && sameGain === gain && value === x && centre === mean && means[0]?.inputs[0] === x;
    const isOverRow = means.every(
      (each) => each !== undefined && this.#axes(each).join() === `${this.tensor(x).shape.length - 1}`,
    );
    if (!isWhole || !isOverRow || !this.isConstant(scale) || !this.isConstant(epsilon)) return undefined;
    const [float = 0] = this.constant(epsilon).data;
    return this.#graph.node('LayerNormalization', [this.#name(x), this.#name(scale)], {
      attributes: { epsilon: { float } },
    });
  }

  /** Axes of a sum or a mean, which keeps them with the size 1. Counted from the end, because a batch comes before them. */
  #axes({ inputs, option }: TfliteOperator): readonly number[] {
    const rank = this.tensor(inputs[0]).shape.length;
    const axes = [...this.constant(inputs[1]).data].map((axis) => (axis < 0 ? axis + rank : axis));
    if (option(0, 'byte') === 0 || axes.includes(0)) throw unsupportedTflite('a sum over the batch');
    return axes;
  }

  #slice({ inputs, outputs, option }: TfliteOperator): string {
    const [begin, end, stride] = [1, 2, 3].map((at) => this.constant(inputs[at]).data);
    const { shape } = this.tensor(inputs[0]);
    const kept = this.tensor(outputs[0]).shape;
    const cut = shape.flatMap((size, axis) => {
      const isSet = (slot: number): boolean => (option(slot, 'int') & (1 << axis)) !== 0;
      const from = isSet(0) ? 0 : (begin?.[axis] ?? 0);
      const to = isSet(1) ? size : (end?.[axis] ?? size);
      if (stride?.[axis] !== 1 || kept[axis] !== to - from) throw unsupportedTflite('such a slice');
      return to - from === size ? [] : [{ axis, from, to }];
    });
    const source = this.value(inputs[0]).name;
    if (cut.length === 0) return source;
    if (cut.some(({ axis }) => axis === 0)) throw unsupportedTflite('a slice of the batch');
    return this.#graph.node('Slice', [
      source,
      this.#graph.integers(cut.map(({ from }) => from)),
      this.#graph.integers(cut.map(({ to }) => to)),
      this.#graph.integers(cut.map(({ axis }) => axis)),
    ]);
  }

  /** Puts a constant row before the others of every batch: rows of zeros are added, and the constant to them. */
  #concatenation({ inputs }: TfliteOperator, [outer = 0, rows = 0, width = 0]: readonly number[]): string {
    const [head, rest, ...others] = inputs;
    const { shape, data } = this.constant(head);
    const [, , added = 0] = shape;
    if (outer !== 1 || shape.at(-1) !== width || others.length > 0) throw unsupportedTflite('such a joint');
    const padded = this.#graph.node('Pad', [
      this.#name(rest),
      this.#graph.integers([0, 0, added, 0, 0, 0, 0, 0]),
    ]);
    const constant = new Float32Array(rows * width);
    constant.set(data);
    return this.#graph.node('Add', [padded, this.#graph.floats([1, 1, rows, width], constant)]);
  }

  #product({ inputs, option }: TfliteOperator): string {
    const [source, filters, bias] = inputs;
    const { shape, data } = this.constant(filters);
    const [outputs = 0, height, width, columns = 0] = shape;
    if (height !== 1 || width !== 1) throw unsupportedTflite('a convolution of several rows');
    const matrix = new Float32Array(data.length);
    for (const [index, value] of data.entries()) {
      matrix[(index % columns) * outputs + Math.floor(index / columns)] = value;
    }
    const product = this.#graph.node('MatMul', [
      this.#name(source),
      this.#graph.floats([columns, outputs], matrix),
    ]);
    const sum = this.#graph.node('Add', [product, this.#name(bias)]);
    switch (option(3, 'byte')) {
      case NO_ACTIVATION:
        return sum;
      case RELU:
        return this.#graph.node('Relu', [sum]);
      default:
        throw unsupportedTflite('a fused activation');
    }
  }
}
