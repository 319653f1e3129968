import { defect } from '../../../kernel/errors.js';
import {
  ELEMENT_FLOAT32,
  ELEMENT_INT64,
  encodeOnnx,
  type OnnxAttribute,
  type OnnxDimension,
  type OnnxInitialiser,
  type OnnxNode,
  type OnnxValue,
} from './onnx-proto.js';

interface NodeOptions {
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
  /** Name of the result. Needed only for an output of the graph. */
  readonly output?: string;
}

/**
 * Collects the nodes and constants of one ONNX graph. The methods return the names of results, for use as inputs. Names depend only
 * on the order of the calls, so the file is reproducible.
 */
export class GraphBuilder {
  readonly #name: string;
  readonly #nodes: OnnxNode[] = [];
  readonly #initialisers: OnnxInitialiser[] = [];
  readonly #inputs: OnnxValue[] = [];
  readonly #outputs: OnnxValue[] = [];

  constructor(name: string) {
    this.#name = name;
  }

  /** Declares a float32 input. */
  input(name: string, dims: readonly OnnxDimension[]): string {
    this.#inputs.push({ name, dims });
    return name;
  }

  /** Declares the result `name` of an earlier node as an output of the graph. */
  output(name: string, dims: readonly OnnxDimension[]): void {
    this.#outputs.push({ name, dims });
  }

  /** Adds a node with one result and returns the result's name. */
  node(op: string, inputs: readonly string[], options: NodeOptions = {}): string {
    const output = options.output ?? `t${this.#nodes.length}`;
    this.#nodes.push({ op, inputs, outputs: [output], attributes: options.attributes ?? {} });
    return output;
  }

  /** Adds a float32 constant. `data` must have as many elements as `dims` says. */
  floats(dims: readonly number[], data: Float32Array): string {
    const size = dims.reduce((product, dim) => product * dim, 1);
    if (size !== data.length) {
      throw defect('constant-shape', `${data.length} values do not fill the shape ${dims.join('x')}`);
    }
    const bytes = new Uint8Array(data.length * 4);
    const view = new DataView(bytes.buffer);
    for (const [index, value] of data.entries()) view.setFloat32(index * 4, value, true);
    return this.#constant(dims, ELEMENT_FLOAT32, bytes);
  }

  /** Adds a float32 scalar. */
  scalar(value: number): string {
    return this.floats([], Float32Array.of(value));
  }

  /** Adds a vector of 64-bit integers: shapes, paddings, axes. */
  integers(values: readonly number[]): string {
    const bytes = new Uint8Array(values.length * 8);
    const view = new DataView(bytes.buffer);
    for (const [index, value] of values.entries()) view.setBigInt64(index * 8, BigInt(value), true);
    return this.#constant([values.length], ELEMENT_INT64, bytes);
  }

  /** The finished ONNX file. */
  encode(): Uint8Array {
    return encodeOnnx({
      name: this.#name,
      nodes: this.#nodes,
      initialisers: this.#initialisers,
      inputs: this.#inputs,
      outputs: this.#outputs,
    });
  }

  #constant(dims: readonly number[], elementType: OnnxInitialiser['elementType'], bytes: Uint8Array): string {
    const name = `c${this.#initialisers.length}`;
    this.#initialisers.push({ name, dims, elementType, bytes });
    return name;
  }
}
