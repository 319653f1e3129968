import protobuf from 'protobufjs';
import { badInput, messageOf, type RollcallError } from '../../kernel/errors.js';
import { FEWEST_DIMENSIONS, faceShape, MOST_DIMENSIONS, SIDE_PX } from './own-recogniser.js';

/** What a recogniser of the ArcFace family takes and gives. */
export interface RecogniserInterface {
  readonly input: { readonly name: string; readonly layout: 'NCHW' | 'NHWC' };
  readonly output: { readonly name: string; readonly dimensions: number };
}

/** TensorProto.DataType and TensorProto.DataLocation in onnx.proto. */
const ELEMENT_FLOAT32 = 1;
const LOCATION_EXTERNAL = 1;

const repeated = (id: number, type: string) => ({ id, type, rule: 'repeated' });

/**
 * The part of onnx.proto that shows what a graph takes, gives and refers to. Numbers of weights are skipped, not read. Graphs in
 * attributes stay bytes: a graph that has any is refused.
 */
const READ_SCHEMA: protobuf.INamespace = {
  nested: {
    Model: {
      fields: {
        irVersion: { id: 1, type: 'int64' },
        graph: { id: 7, type: 'Graph' },
        functions: repeated(25, 'bytes'),
      },
    },
    Graph: {
      fields: {
        node: repeated(1, 'Node'),
        initializer: repeated(5, 'Tensor'),
        input: repeated(11, 'ValueInfo'),
        output: repeated(12, 'ValueInfo'),
        sparseInitializer: repeated(15, 'bytes'),
      },
    },
    Node: {
      fields: {
        opType: { id: 4, type: 'string' },
        attribute: repeated(5, 'Attribute'),
        domain: { id: 7, type: 'string' },
      },
    },
    Attribute: {
      fields: {
        t: { id: 5, type: 'Tensor' },
        g: { id: 6, type: 'bytes' },
        tensors: repeated(10, 'Tensor'),
        graphs: repeated(11, 'bytes'),
        sparseTensor: { id: 22, type: 'bytes' },
        sparseTensors: repeated(23, 'bytes'),
      },
    },
    Tensor: {
      fields: {
        name: { id: 8, type: 'string' },
        externalData: repeated(13, 'bytes'),
        dataLocation: { id: 14, type: 'int32' },
      },
    },
    ValueInfo: { fields: { name: { id: 1, type: 'string' }, type: { id: 2, type: 'Type' } } },
    Type: { fields: { tensorType: { id: 1, type: 'TensorType' } } },
    TensorType: { fields: { elemType: { id: 1, type: 'int32' }, shape: { id: 2, type: 'Shape' } } },
    Shape: { fields: { dim: repeated(1, 'Dimension') } },
    Dimension: { fields: { dimValue: { id: 1, type: 'int64' }, dimParam: { id: 2, type: 'string' } } },
  },
};

const modelType = protobuf.Root.fromJSON(READ_SCHEMA).lookupType('Model');

interface ReadTensor {
  readonly name: string;
  readonly externalData: readonly Uint8Array[];
  readonly dataLocation: number;
}

interface ReadAttribute {
  readonly t: ReadTensor | null;
  readonly g: Uint8Array;
  readonly tensors: readonly ReadTensor[];
  readonly graphs: readonly Uint8Array[];
  readonly sparseTensor: Uint8Array;
  readonly sparseTensors: readonly Uint8Array[];
}

interface ReadValue {
  readonly name: string;
  readonly type: {
    readonly tensorType: {
      readonly elemType: number;
      readonly shape: { readonly dim: readonly { readonly dimValue: unknown }[] } | null;
    } | null;
  } | null;
}

interface ReadModel {
  readonly functions: readonly Uint8Array[];
  readonly graph: {
    readonly node: readonly {
      readonly opType: string;
      readonly domain: string;
      readonly attribute: readonly ReadAttribute[];
    }[];
    readonly initializer: readonly ReadTensor[];
    readonly input: readonly ReadValue[];
    readonly output: readonly ReadValue[];
    readonly sparseInitializer: readonly Uint8Array[];
  } | null;
}

/**
 * Reads the interface of an ONNX file from anywhere. Accepts a single self-contained graph of standard operators with one
 * float32 input of one 112x112 face and one float32 output of 64 to 1024 values. A free first dimension is the number of faces.
 * @throws `own-network-unfit`
 */
export function readRecogniserInterface(bytes: Uint8Array): RecogniserInterface {
  const graph = readModel(bytes);
  const constants = new Set(graph.initializer.map(({ name }) => name));
  // Files before IR version 4 list their constants as inputs, too.
  const inputs = graph.input.filter(({ name }) => !constants.has(name));
  const [input, ...moreInputs] = inputs;
  const [output, ...moreOutputs] = graph.output;
  if (input === undefined || moreInputs.length > 0) throw unfit(`it has ${inputs.length} inputs, not one`);
  if (output === undefined || moreOutputs.length > 0)
    throw unfit(`it has ${graph.output.length} outputs, not one`);
  return { input: { name: input.name, layout: layoutOf(input) }, output: outputOf(output) };
}

function readModel(bytes: Uint8Array): NonNullable<ReadModel['graph']> {
  const { graph, functions } = decoded(bytes);
  if (graph === null || graph.node.length === 0) throw unfit('it is not an ONNX file');
  const attributes = graph.node.flatMap(({ attribute }) => attribute);
  const tensors = [
    ...graph.initializer,
    ...attributes.flatMap(({ t, tensors: list }) => (t === null ? list : [t, ...list])),
  ];
  if (tensors.some((tensor) => tensor.dataLocation === LOCATION_EXTERNAL || tensor.externalData.length > 0))
    throw unfit('it keeps its weights in other files', 'Export the network into one file.');
  const isSparse = attributes.some(
    ({ sparseTensor, sparseTensors }) => sparseTensor.length > 0 || sparseTensors.length > 0,
  );
  if (isSparse || graph.sparseInitializer.length > 0) throw unfit('it has sparse weights');
  if (functions.length > 0 || attributes.some(({ g, graphs }) => g.length > 0 || graphs.length > 0))
    throw unfit('it has loops, branches or functions');
  const foreign = graph.node.find(({ domain }) => domain !== '' && domain !== 'ai.onnx');
  if (foreign !== undefined) throw unfit('it has operators that are not part of ONNX');
  return graph;
}

function decoded(bytes: Uint8Array): ReadModel {
  try {
    const model = modelType.decode(bytes);
    return modelType.toObject(model, { defaults: true, arrays: true, longs: Number }) as ReadModel;
  } catch (error) {
    throw badInput('own-network-unfit', `the file is not an ONNX network: ${messageOf(error)}`, {
      remedy: fitting,
      cause: error,
    });
  }
}

function layoutOf(input: ReadValue): 'NCHW' | 'NHWC' {
  const shape = shapeOf(input);
  const [batch, ...face] = shape;
  if (batch !== undefined && batch <= 1) {
    const layout = (['NCHW', 'NHWC'] as const).find((each) => faceShape(each).join() === face.join());
    if (layout !== undefined) return layout;
  }
  throw unfit(`its input has the shape ${shapeText(shape)}`);
}

function outputOf(output: ReadValue): RecogniserInterface['output'] {
  const shape = shapeOf(output);
  const [batch = 2, dimensions = 0, ...more] = shape;
  if (batch > 1 || more.length > 0 || dimensions < FEWEST_DIMENSIONS || dimensions > MOST_DIMENSIONS)
    throw unfit(`its output has the shape ${shapeText(shape)}`);
  return { name: output.name, dimensions };
}

/** The declared sizes; 0 for a free one. */
function shapeOf({ type }: ReadValue): readonly number[] {
  const tensor = type?.tensorType ?? undefined;
  if (tensor?.elemType !== ELEMENT_FLOAT32) throw unfit('its input or output is not float32');
  return (tensor.shape?.dim ?? []).map(({ dimValue }) => {
    const size = Number(dimValue);
    return Number.isSafeInteger(size) && size > 0 ? size : 0;
  });
}

function shapeText(shape: readonly number[]): string {
  return shape.length === 0 ? 'of a single number' : shape.map((size) => (size === 0 ? '?' : size)).join('x');
}

const fitting = `Give one ONNX file of standard operators with a float32 input of 1x3x${SIDE_PX}x${SIDE_PX} or 1x${SIDE_PX}x${SIDE_PX}x3 and a float32 output of 1xN, N from ${FEWEST_DIMENSIONS} to ${MOST_DIMENSIONS}.`;

function unfit(why: string, remedy = fitting): RollcallError {
  return badInput('own-network-unfit', `the network cannot be used as a recogniser: ${why}`, { remedy });
}
