import type { Value } from './network-value.js';
import {
  type TfliteGraph,
  type TfliteOperator,
  type TfliteTensor,
  unsupportedTflite,
} from './tflite-file.js';

/** The operators that are translated, as numbered in BuiltinOperator of TensorFlow's schema. */
export const Operator = {
  add: 0,
  concatenation: 2,
  conv2d: 3,
  depthwiseConv2d: 4,
  logistic: 14,
  maxPool2d: 17,
  mul: 18,
  reshape: 22,
  pad: 34,
  transpose: 39,
  mean: 40,
  sub: 41,
  div: 42,
  stridedSlice: 45,
  prelu: 54,
  neg: 59,
  sum: 74,
  sqrt: 75,
  rsqrt: 76,
  squaredDifference: 99,
} as const;

/** ActivationFunctionType of the schema. */
export const NO_ACTIVATION = 0;
export const RELU = 1;

/** Finds the operators behind tensors, and translates each once. */
export abstract class TfliteNodes {
  readonly #graph: TfliteGraph;
  readonly #makers: ReadonlyMap<number, TfliteOperator>;
  readonly #done = new Map<number, Value>();

  /** `input` takes the place of the only tensor that the graph takes. */
  constructor(graph: TfliteGraph, input: Value) {
    this.#graph = graph;
    this.#makers = new Map(
      graph.operators.flatMap((operator) => operator.outputs.map((at) => [at, operator] as const)),
    );
    const [at, ...others] = graph.inputs;
    if (at === undefined || others.length > 0) throw unsupportedTflite('it takes more than one tensor');
    this.#done.set(at, input);
  }

  /** The translated result of the last operator of this kind. */
  lastOf(code: number): Value {
    const at = this.#graph.operators.findLast((operator) => operator.code === code)?.outputs[0];
    if (at === undefined) throw unsupportedTflite(`no operator ${code}`);
    return this.value(at);
  }

  /** The translated output `name` of the graph. */
  output(name: string): Value {
    const at = this.#graph.outputs.find((output) => this.#graph.tensors[output]?.name === name);
    if (at === undefined) throw unsupportedTflite(`it has no output ${name}`);
    return this.value(at);
  }

  protected value(at: number | undefined): Value {
    const known = this.#done.get(at ?? -1);
    if (known !== undefined) return known;
    const operator = this.#makers.get(at ?? -1);
    if (at === undefined || operator === undefined) throw unsupportedTflite(`nothing gives tensor ${at}`);
    const value = this.translate(operator);
    this.#done.set(at, value);
    return value;
  }

  protected isInput(at: number | undefined): boolean {
    return this.#graph.inputs[0] === at;
  }

  /** The operator that makes a tensor, if it is of the kind `code`. */
  protected maker(at: number | undefined, code: number): TfliteOperator | undefined {
    const operator = this.#makers.get(at ?? -1);
    return operator?.code === code ? operator : undefined;
  }

  protected tensor(at: number | undefined): TfliteTensor {
    const tensor = this.#graph.tensors[at ?? -1];
    if (tensor === undefined) throw unsupportedTflite(`tensor ${at} is missing`);
    return tensor;
  }

  protected isConstant(at: number | undefined): boolean {
    return this.tensor(at).data !== undefined;
  }

  protected constant(at: number | undefined): {
    readonly shape: readonly number[];
    readonly data: Float32Array;
  } {
    const { name, shape, data } = this.tensor(at);
    if (data === undefined) throw unsupportedTflite(`${name} is not a constant`);
    return { shape, data };
  }

  protected abstract translate(operator: TfliteOperator): Value;
}
