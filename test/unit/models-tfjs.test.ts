import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GraphBuilder } from '../../daemon/host/models/convert/graph-builder.js';
import { TfjsTranslator } from '../../daemon/host/models/convert/tfjs-to-onnx.js';
import { isRollcallError } from '../../daemon/kernel/errors.js';

type Attributes = Readonly<Record<string, string | readonly string[] | readonly number[]>>;
type Layer = readonly [op: string, inputs: readonly string[], attributes?: Attributes];

/** What a network of these nodes and constants becomes: the shape of the last one, and the operations of the converted graph. */
function translated(
  nodes: Readonly<Record<string, Layer>>,
  constants: Readonly<Record<string, readonly [shape: readonly number[], data?: readonly number[]]>>,
  image: readonly number[] = [3, 8, 6],
  mean: number | readonly [number, number, number] = 0,
) {
  const base64 = (text: string): string => Buffer.from(text, 'latin1').toString('base64');
  const attribute = (value: Attributes[string]) => {
    if (typeof value === 'string') return { s: base64(value) };
    const [first] = value;
    return {
      list:
        typeof first === 'number'
          ? { i: [...value] as number[] }
          : { s: value.map((each) => base64(String(each))) },
    };
  };
  const node = Object.entries(nodes).map(([name, [op, input, attributes = {}]]) => ({
    ...{ name, op, input: [...input] },
    attr: Object.fromEntries(Object.entries(attributes).map(([key, value]) => [key, attribute(value)])),
  }));
  const filled = Object.entries(constants).map(([name, [shape, data]]) => {
    const size = shape.reduce((product, dim) => product * dim, 1);
    return { name, shape: [...shape], data: data ?? Array.from({ length: size }, (_, at) => at + 1) };
  });
  const weights = filled.map(({ name, shape }) => ({ name, shape, dtype: 'float32' as const }));
  const graph = new GraphBuilder('test');
  const operations: string[] = [];
  const add = graph.node.bind(graph);
  graph.node = (op, ...rest) => {
    operations.push(op);
    return add(op, ...rest);
  };
  const model = {
    format: 'graph-model' as const,
    modelTopology: { node },
    weightsManifest: [{ paths: [], weights }],
  };
  const bytes = new Uint8Array(Float32Array.from(filled.flatMap(({ data }) => data)).buffer);
  const source = { name: graph.input('image', ['batch', ...image]), shape: image };
  const last = Object.keys(nodes).at(-1) ?? '';
  const { shape } = new TfjsTranslator(graph, model, bytes, source, { scale: 1, mean }).value(last);
  return { shape, operations };
}

const placeholder = { image: ['Placeholder', []] } as const;
const windowOf = ([height, width]: readonly [number, number]) => [1, height, width, 1];
const first = ['Conv2D', ['image', 'filters']] as const;
const filters = { filters: [[1, 1, 3, 4]] } as const;

describe('a converted network of TensorFlow.js', () => {
  test('has pictures of the sizes that windows and strides give', () => {
    for (const [padding, kernel, strides, shape] of [
      ['VALID', [3, 3], [1, 1], [4, 6, 4]],
      ['SAME', [3, 3], [1, 1], [4, 8, 6]],
      ['VALID', [3, 2], [2, 1], [4, 3, 5]],
      ['SAME', [3, 3], [2, 2], [4, 4, 3]],
    ] as const) {
      const attributes = { padding, strides: windowOf(strides) };
      const convolution = { ...placeholder, out: ['Conv2D', ['image', 'f'], attributes] } as const;
      assert.deepEqual(
        translated(convolution, { f: [[...kernel, 3, 4]] }).shape,
        shape,
        `${padding} ${kernel}`,
      );
      const pooled = {
        ...{ ...placeholder, first },
        out: ['MaxPool', ['first'], { ...attributes, ksize: windowOf(kernel) }],
      } as const;
      assert.deepEqual(translated(pooled, filters).shape, shape, `${padding} ${kernel} of a pool`);
    }
  });

  test('has more channels where zeros are added and where pictures are joined', () => {
    const padded = { ...placeholder, first, out: ['Pad', ['first', 'paddings']] } as const;
    const paddings = [0, 0, 0, 0, 0, 0, 0, 5];
    assert.deepEqual(translated(padded, { ...filters, paddings: [[4, 2], paddings] }).shape, [9, 8, 6]);
    const pooled = { ...padded, last: ['Mean', ['out', 'axes']] } as const;
    const axes = [[2], [1, 2]] as const;
    assert.deepEqual(translated(pooled, { ...filters, paddings: [[4, 2], paddings], axes }).shape, [9, 1, 1]);
    const joined = { ...placeholder, first, out: ['ConcatV2', ['first', 'first', 'axis']] } as const;
    assert.deepEqual(translated(joined, { ...filters, axis: [[1], [3]] }).shape, [8, 8, 6]);
  });

  test('keeps the order of numbers when a picture becomes rows', () => {
    const rows = (image: readonly number[], count: number) => {
      const nodes = { ...placeholder, first, out: ['Reshape', ['first', 'shape']] } as const;
      return translated(nodes, { filters: [[1, 1, 3, count]], shape: [[3], [-1, 2, 4]] }, image);
    };
    const many = rows([3, 2, 1], 4);
    assert.deepEqual([many.shape, many.operations.includes('Transpose')], [[2, 4], true]);
    // Without several places or channels, both orders are the same.
    assert.equal(rows([3, 1, 1], 8).operations.includes('Transpose'), false);
    assert.equal(rows([3, 4, 2], 1).operations.includes('Transpose'), false);
    assert.equal(rows([3, 2, 1], 4).operations.includes('Transpose'), true);
    assert.equal(rows([3, 1, 2], 4).operations.includes('Transpose'), true);
  });

  test('adds constants to a picture by channel, and to rows as they are', () => {
    const onPicture = { ...placeholder, first, out: ['AddV2', ['first', 'bias']] } as const;
    assert.deepEqual(translated(onPicture, { ...filters, bias: [[4]] }).shape, [4, 8, 6]);
    const product = {
      ...placeholder,
      first,
      mean: ['Mean', ['first', 'axes']],
      rows: ['Reshape', ['mean', 'shape']],
      out: ['_FusedMatMul', ['rows', 'matrix', 'bias'], { fused_ops: ['BiasAdd', 'Relu'] }],
    } as const;
    const { shape, operations } = translated(product, {
      ...{ ...filters, axes: [[2], [1, 2]], shape: [[2], [-1, 4]] },
      ...{ matrix: [[4, 7]], bias: [[7]] },
    });
    assert.deepEqual([shape, operations.slice(-2)], [[7], ['Gemm', 'Relu']]);
  });

  test('takes the mean from the picture once, before its first convolution', () => {
    const nodes = { ...placeholder, first, out: ['Relu', ['first']] } as const;
    assert.deepEqual(translated(nodes, filters).operations, ['Conv', 'Relu']);
    for (const mean of [127, [1, 2, 3] as const])
      assert.deepEqual(translated(nodes, filters, undefined, mean).operations, ['Sub', 'Conv', 'Relu']);
  });

  for (const [what, nodes, constants, reason] of [
    ['an unknown operation', { out: ['Cosh', ['image']] }, {}, /node out \(Cosh\): the operation is unknown/],
    ['a missing node', { out: ['Relu', ['gone']] }, {}, /node gone \(\?\): it is missing/],
    ['a missing input', { out: ['Relu', ['^after']] }, {}, /input 0 is missing/],
    ['filters that are computed', { first, out: ['Conv2D', ['first', 'first']] }, filters, /not a constant/],
    [
      'another rule of padding',
      { out: ['Conv2D', ['image', 'filters'], { padding: 'EXPLICIT' }] },
      filters,
      /padding EXPLICIT/,
    ],
    [
      'dilation',
      { out: ['Conv2D', ['image', 'filters'], { dilations: windowOf([1, 2]) }] },
      filters,
      /dilation/,
    ],
    [
      'several filters per channel',
      { first, out: ['DepthwiseConv2dNative', ['first', 'deep']] },
      { ...filters, deep: [[1, 1, 4, 2]] },
      /several filters per channel/,
    ],
    [
      'two fused activations',
      { out: ['_FusedConv2D', ['image', 'filters'], { fused_ops: ['Relu', 'Relu'] }] },
      filters,
      /fused Relu, Relu/,
    ],
    [
      'an unknown activation',
      { out: ['_FusedConv2D', ['image', 'filters'], { fused_ops: ['Elu'] }] },
      filters,
      /fused Elu/,
    ],
    [
      'a mean over other axes',
      { first, out: ['Mean', ['first', 'axes']] },
      { ...filters, axes: [[2], [0, 1]] },
      /other axes/,
    ],
    [
      'pixels that are added',
      { first, out: ['Pad', ['first', 'paddings']] },
      {
        ...filters,
        paddings: [
          [4, 2],
          [0, 0, 1, 1, 0, 0, 0, 5],
        ],
      },
      /padding of the picture/,
    ],
    [
      'pictures that are joined side by side',
      { first, out: ['ConcatV2', ['first', 'first', 'axis']] },
      { ...filters, axis: [[1], [2]] },
      /axis 2/,
    ],
  ] as const) {
    test(`is refused with ${what}, by the name of the node`, () => {
      assert.throws(
        () => translated({ ...placeholder, ...nodes }, constants),
        (error) => isRollcallError(error, 'network-unsupported') && reason.test(error.message),
      );
    });
  }
});
