import { operational } from '../../../kernel/errors.js';
import { decodeFloat16 } from './weight-decoding.kernel.js';

/** A tensor of a TFLite graph. `shape` contains the batch. */
export interface TfliteTensor {
  readonly name: string;
  readonly shape: readonly number[];
  /** The constant's values; undefined for a result of an operator. Integers become floats with whole values. */
  readonly data: Float32Array | undefined;
}

/** An operator: its number in the schema, and the numbers of its tensors. */
export interface TfliteOperator {
  readonly code: number;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** The option at `slot` of the operator's table of options, as an integer; 0 where the file leaves it out. */
  readonly option: (slot: number, size: 'byte' | 'int') => number;
}

/** The first subgraph of a TFLite file. */
export interface TfliteGraph {
  readonly tensors: readonly TfliteTensor[];
  readonly operators: readonly TfliteOperator[];
  /** Numbers of the tensors that the graph takes and gives. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** Slots of the tables in TensorFlow's schema (tensorflow/lite/schema/schema.fbs), in the order of their declaration. */
const MODEL = { operatorCodes: 1, subgraphs: 2, buffers: 4 } as const;
const OPERATOR_CODE = { deprecatedBuiltin: 0, builtin: 3 } as const;
const SUBGRAPH = { tensors: 0, inputs: 1, outputs: 2, operators: 3 } as const;
const TENSOR = { shape: 0, type: 1, buffer: 2, name: 3 } as const;
const OPERATOR = { code: 0, inputs: 1, outputs: 2, options: 4 } as const;
const BUFFER = { data: 0 } as const;

/** TensorType of the schema. */
const FLOAT32 = 0;
const FLOAT16 = 1;
const INT32 = 2;

/** BuiltinOperator of the schema: constants of half precision are behind it. */
const DEQUANTIZE = 6;

/**
 * Reads a TFLite file, which is a FlatBuffer. Weights of half precision become float32, and the operators that would convert them
 * are left out. Throws `network-unsupported` if the file is none or has other types of constants.
 */
export function readTflite(bytes: Uint8Array): TfliteGraph {
  const file = new FlatBuffer(bytes);
  try {
    return graphOf(file);
  } catch (error) {
    // A file that is cut off, or none at all, leads the reader outside of it.
    if (!(error instanceof RangeError)) throw error;
    throw unsupportedTflite('the file is damaged, or it is no TFLite file', error);
  }
}

export function unsupportedTflite(what: string, cause?: unknown): Error {
  return operational('network-unsupported', `cannot convert the TFLite network: ${what}`, {
    remedy: 'Use the file that the model manifest names.',
    cause,
  });
}

function graphOf(file: FlatBuffer): TfliteGraph {
  if (!file.hasIdentifier('TFL3')) throw unsupportedTflite('the file is no TFLite file');
  const model = file.root;
  const codes = file.tables(model, MODEL.operatorCodes).map((table) =>
    // Numbers above 127 did not fit into the first field of older files.
    Math.max(file.byte(table, OPERATOR_CODE.deprecatedBuiltin), file.integer(table, OPERATOR_CODE.builtin)),
  );
  const [subgraph] = file.tables(model, MODEL.subgraphs);
  if (subgraph === undefined) throw unsupportedTflite('the file has no graph');
  const buffers = file.tables(model, MODEL.buffers);
  const tensors = file
    .tables(subgraph, SUBGRAPH.tensors)
    .map((table) => tensorOf(file, table, buffers[file.integer(table, TENSOR.buffer)]));
  const operators: TfliteOperator[] = [];
  for (const table of file.tables(subgraph, SUBGRAPH.operators)) {
    const code = codes[file.integer(table, OPERATOR.code)] ?? -1;
    const inputs = file.integers(table, OPERATOR.inputs);
    const outputs = file.integers(table, OPERATOR.outputs);
    const constant = tensors[inputs[0] ?? -1];
    const target = outputs[0] ?? -1;
    const converted = tensors[target];
    if (code === DEQUANTIZE && constant?.data !== undefined && converted !== undefined) {
      tensors[target] = { ...converted, data: constant.data };
      continue;
    }
    const options = file.table(table, OPERATOR.options);
    const option: TfliteOperator['option'] = (slot, size) =>
      options === undefined ? 0 : size === 'byte' ? file.byte(options, slot) : file.integer(options, slot);
    operators.push({ code, inputs, outputs, option });
  }
  const [inputs, outputs] = [
    file.integers(subgraph, SUBGRAPH.inputs),
    file.integers(subgraph, SUBGRAPH.outputs),
  ];
  return { tensors, operators, inputs, outputs };
}

function tensorOf(file: FlatBuffer, table: number, buffer: number | undefined): TfliteTensor {
  const bytes = buffer === undefined ? undefined : file.bytes(buffer, BUFFER.data);
  return {
    name: file.text(table, TENSOR.name),
    shape: file.integers(table, TENSOR.shape),
    data: bytes === undefined ? undefined : decoded(bytes, file.byte(table, TENSOR.type)),
  };
}

function decoded(bytes: Uint8Array, type: number): Float32Array {
  // A copy begins at an address that suits every type.
  const { buffer } = Uint8Array.from(bytes);
  if (type === FLOAT32) return new Float32Array(buffer);
  if (type === FLOAT16) return decodeFloat16(new Uint16Array(buffer));
  if (type === INT32) return Float32Array.from(new Int32Array(buffer));
  throw unsupportedTflite(`constants of type ${type}`);
}

/**
 * Reads tables of a FlatBuffer (flatbuffers.dev/internals): a table begins with the distance back to its list of fields. The list has
 * two bytes per slot, the position of the field in the table, or 0 if the field is left out. Numbers are little-endian. Reads outside
 * the file throw a RangeError.
 */
class FlatBuffer {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get root(): number {
    return this.#follow(0);
  }

  hasIdentifier(identifier: string): boolean {
    return new TextDecoder('latin1').decode(this.#bytes.subarray(4, 8)) === identifier;
  }

  byte(table: number, slot: number): number {
    const at = this.#field(table, slot);
    return at === undefined ? 0 : this.#view.getUint8(at);
  }

  integer(table: number, slot: number): number {
    const at = this.#field(table, slot);
    return at === undefined ? 0 : this.#view.getInt32(at, true);
  }

  integers(table: number, slot: number): readonly number[] {
    return this.#elements(table, slot).map((at) => this.#view.getInt32(at, true));
  }

  table(table: number, slot: number): number | undefined {
    const at = this.#field(table, slot);
    return at === undefined ? undefined : this.#follow(at);
  }

  tables(table: number, slot: number): number[] {
    return this.#elements(table, slot).map((at) => this.#follow(at));
  }

  /** Undefined for a vector that is left out or empty. */
  bytes(table: number, slot: number): Uint8Array | undefined {
    const at = this.table(table, slot);
    if (at === undefined) return undefined;
    const length = this.#view.getUint32(at, true);
    if (at + 4 + length > this.#bytes.length) throw new RangeError('a vector ends outside the file');
    return length === 0 ? undefined : this.#bytes.subarray(at + 4, at + 4 + length);
  }

  text(table: number, slot: number): string {
    return new TextDecoder().decode(this.bytes(table, slot));
  }

  /** Positions of the elements of a vector, four bytes each. */
  #elements(table: number, slot: number): number[] {
    const at = this.table(table, slot);
    if (at === undefined) return [];
    const length = this.#view.getUint32(at, true);
    if (at + 4 + 4 * length > this.#bytes.length) throw new RangeError('a vector ends outside the file');
    return Array.from({ length }, (_, index) => at + 4 + 4 * index);
  }

  #follow(at: number): number {
    return at + this.#view.getUint32(at, true);
  }

  #field(table: number, slot: number): number | undefined {
    const list = table - this.#view.getInt32(table, true);
    const at = 4 + 2 * slot;
    if (at >= this.#view.getUint16(list, true)) return undefined;
    const offset = this.#view.getUint16(list + at, true);
    return offset === 0 ? undefined : table + offset;
  }
}
