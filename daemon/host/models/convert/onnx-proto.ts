import protobuf from 'protobufjs';

/** The ONNX element types that this program writes (TensorProto.DataType in onnx.proto). */
export const ELEMENT_FLOAT32 = 1;
export const ELEMENT_INT64 = 7;

/** AttributeProto.AttributeType in onnx.proto. */
const ATTRIBUTE_FLOAT = 1;
const ATTRIBUTE_INT = 2;
const ATTRIBUTE_TEXT = 3;
const ATTRIBUTE_INTS = 7;

/** A node attribute: integers, one integer, one float32, or a text. */
export type OnnxAttribute =
  | readonly number[]
  | number
  | { readonly float: number }
  | { readonly text: string };

/** A dimension: a fixed size, or the name of a size that is known only at run time. */
export type OnnxDimension = number | string;

export interface OnnxNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

export interface OnnxInitialiser {
  readonly name: string;
  readonly dims: readonly number[];
  readonly elementType: typeof ELEMENT_FLOAT32 | typeof ELEMENT_INT64;
  /** Little-endian element bytes. */
  readonly bytes: Uint8Array;
}

export interface OnnxValue {
  readonly name: string;
  readonly dims: readonly OnnxDimension[];
}

interface OnnxModel {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initialisers: readonly OnnxInitialiser[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/**
 * IR version 8 with operator set 17. Every ONNX Runtime of the last years reads it, and it has all operators that are needed here.
 */
const IR_VERSION = 8;
const OPSET_VERSION = 17;

/** The part of the ONNX schema that a float32 inference graph needs. The numbers are those of onnx.proto. */
const ONNX_SCHEMA: protobuf.INamespace = {
  nested: {
    Model: {
      fields: {
        irVersion: { id: 1, type: 'int64' },
        producerName: { id: 2, type: 'string' },
        graph: { id: 7, type: 'Graph' },
        opsetImport: { id: 8, rule: 'repeated', type: 'OperatorSet' },
      },
    },
    OperatorSet: { fields: { domain: { id: 1, type: 'string' }, version: { id: 2, type: 'int64' } } },
    Graph: {
      fields: {
        node: { id: 1, rule: 'repeated', type: 'Node' },
        name: { id: 2, type: 'string' },
        initializer: { id: 5, rule: 'repeated', type: 'Tensor' },
        input: { id: 11, rule: 'repeated', type: 'ValueInfo' },
        output: { id: 12, rule: 'repeated', type: 'ValueInfo' },
      },
    },
    Node: {
      fields: {
        input: { id: 1, rule: 'repeated', type: 'string' },
        output: { id: 2, rule: 'repeated', type: 'string' },
        opType: { id: 4, type: 'string' },
        attribute: { id: 5, rule: 'repeated', type: 'Attribute' },
      },
    },
    Attribute: {
      fields: {
        name: { id: 1, type: 'string' },
        f: { id: 2, type: 'float' },
        i: { id: 3, type: 'int64' },
        s: { id: 4, type: 'bytes' },
        ints: { id: 8, rule: 'repeated', type: 'int64', options: { packed: false } },
        type: { id: 20, type: 'int32' },
      },
    },
    Tensor: {
      fields: {
        dims: { id: 1, rule: 'repeated', type: 'int64', options: { packed: false } },
        dataType: { id: 2, type: 'int32' },
        name: { id: 8, type: 'string' },
        rawData: { id: 9, type: 'bytes' },
      },
    },
    ValueInfo: { fields: { name: { id: 1, type: 'string' }, type: { id: 2, type: 'Type' } } },
    Type: { fields: { tensorType: { id: 1, type: 'TensorType' } } },
    TensorType: { fields: { elemType: { id: 1, type: 'int32' }, shape: { id: 2, type: 'Shape' } } },
    Shape: { fields: { dim: { id: 1, rule: 'repeated', type: 'Dimension' } } },
    Dimension: { fields: { dimValue: { id: 1, type: 'int64' }, dimParam: { id: 2, type: 'string' } } },
  },
};

const modelType = protobuf.Root.fromJSON(ONNX_SCHEMA).lookupType('Model');

function attributeMessage(name: string, value: OnnxAttribute): Record<string, unknown> {
  if (typeof value === 'number') return { name, i: value, type: ATTRIBUTE_INT };
  if ('float' in value) return { name, f: value.float, type: ATTRIBUTE_FLOAT };
  if ('text' in value) return { name, s: new TextEncoder().encode(value.text), type: ATTRIBUTE_TEXT };
  return { name, ints: [...value], type: ATTRIBUTE_INTS };
}

function valueMessage(value: OnnxValue): Record<string, unknown> {
  const dim = value.dims.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name: value.name, type: { tensorType: { elemType: ELEMENT_FLOAT32, shape: { dim } } } };
}

/** Serialises a graph as an ONNX file. The same graph gives the same bytes on every machine. */
export function encodeOnnx(model: OnnxModel): Uint8Array {
  const message = modelType.create({
    irVersion: IR_VERSION,
    producerName: 'rollcall',
    opsetImport: [{ domain: '', version: OPSET_VERSION }],
    graph: {
      name: model.name,
      node: model.nodes.map((node) => ({
        opType: node.op,
        input: [...node.inputs],
        output: [...node.outputs],
        attribute: Object.entries(node.attributes).map(([name, value]) => attributeMessage(name, value)),
      })),
      initializer: model.initialisers.map((tensor) => ({
        name: tensor.name,
        dims: [...tensor.dims],
        dataType: tensor.elementType,
        rawData: tensor.bytes,
      })),
      input: model.inputs.map(valueMessage),
      output: model.outputs.map(valueMessage),
    },
  });
  return modelType.encode(message).finish();
}
