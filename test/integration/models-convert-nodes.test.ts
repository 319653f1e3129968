import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { GraphBuilder } from '../../daemon/host/models/convert/graph-builder.js';
import { moreChannels, prelu } from '../../daemon/host/models/convert/layers.js';
import type {
  TfliteGraph,
  TfliteOperator,
  TfliteTensor,
} from '../../daemon/host/models/convert/tflite-file.js';
import { Operator } from '../../daemon/host/models/convert/tflite-nodes.js';
import { TflitePictures } from '../../daemon/host/models/convert/tflite-pictures.js';
import { TfliteRows } from '../../daemon/host/models/convert/tflite-rows.js';
import { InferenceSession, Tensor } from '../../daemon/host/onnx-runtime.js';
import { greatestDifference } from '../support/onnx-run.js';

const tensor = (shape: readonly number[], data?: ArrayLike<number>): TfliteTensor => ({
  ...{ name: '', shape, data: data && Float32Array.from(data) },
});

/** The names of the nodes that are added to `graph` from now on. */
function watched(graph: GraphBuilder): string[] {
  const nodes: string[] = [];
  const add = graph.node.bind(graph);
  graph.node = (op, ...rest) => {
    nodes.push(op);
    return add(op, ...rest);
  };
  return nodes;
}

/** Runs the graph that `write` adds between an input and an output of these shapes. */
async function run(
  data: Float32Array,
  [from, to]: readonly [readonly number[], readonly number[]],
  write: (graph: GraphBuilder, input: string) => string,
): Promise<Float32Array> {
  const graph = new GraphBuilder('test');
  const input = graph.input('input', ['batch', ...from.slice(1)]);
  graph.node('Identity', [write(graph, input)], { output: 'output' });
  graph.output('output', ['batch', ...to.slice(1)]);
  const session = await InferenceSession.create(graph.encode());
  const { output } = await session.run({ input: new Tensor('float32', data, from) });
  await session.release();
  assert.ok(output?.data instanceof Float32Array);
  assert.deepEqual(output.dims, to);
  return output.data;
}

describe('layers of pictures', () => {
  test('prelu bends each channel at zero by its own slope, also above one and below zero', async () => {
    const slopes = Float32Array.of(0.25, 1, 2.5, -0.75);
    const pixels = [-8, -0.5, 0, 0.5, 8, 3];
    const shape = [1, 4, 2, 3];
    const planes = Float32Array.from(
      { length: slopes.length * pixels.length },
      (_, at) => pixels[at % 6] ?? 0,
    );
    const bent = await run(planes, [shape, shape], (graph, input) => prelu(graph, input, slopes));
    const expected = [...slopes].flatMap((slope) => pixels.map((x) => (x > 0 ? x : slope * x)));
    assert.ok(greatestDifference(bent, expected) < 1e-6);
  });

  test('moreChannels adds zeros and keeps every picture of a batch', async () => {
    const data = Float32Array.from({ length: 2 * 3 * 4 }, (_, at) => at - 5.5);
    const found = await run(
      data,
      [
        [2, 3, 2, 2],
        [2, 5, 2, 2],
      ],
      (graph, input) => moreChannels(graph, input, 3, 2),
    );
    const zeros = Array.from({ length: 8 }, () => 0);
    assert.deepEqual([...found], [...data.subarray(0, 12), ...zeros, ...data.subarray(12), ...zeros]);
  });
});

describe('a bottleneck of a TFLite network', () => {
  const side = 4;
  const numbers = (count: number, seed: number): Float32Array =>
    Float32Array.from({ length: count }, (_, at) => Math.sin(seed + 1.7 * at));

  /** Two channels, then `channels` with PReLU and a depthwise convolution, and three channels again. Bias and slopes differ by channel. */
  function written(channels: number): TfliteGraph {
    const picture = (depth: number): TfliteTensor => tensor([1, side, side, depth]);
    const same = { option: () => 0 };
    const strides = (operator: Pick<TfliteOperator, 'code' | 'inputs' | 'outputs'>): TfliteOperator => ({
      ...operator,
      option: (slot) => (slot === 1 || slot === 2 ? 1 : 0),
    });
    return {
      tensors: [
        ...[picture(2), tensor([channels, 1, 1, 2], numbers(2 * channels, 1))],
        ...[tensor([channels], numbers(channels, 2)), picture(channels)],
        ...[
          tensor(
            [1, 1, channels],
            numbers(channels, 3).map((x) => 2 * x),
          ),
          picture(channels),
        ],
        ...[tensor([1, 3, 3, channels], numbers(9 * channels, 4)), tensor([channels], numbers(channels, 5))],
        ...[picture(channels), tensor([3, 1, 1, channels], numbers(3 * channels, 6))],
        ...[tensor([3], numbers(3, 7)), picture(3)],
      ],
      operators: [
        strides({ code: Operator.conv2d, inputs: [0, 1, 2], outputs: [3] }),
        { code: Operator.prelu, inputs: [3, 4], outputs: [5], ...same },
        strides({ code: Operator.depthwiseConv2d, inputs: [5, 6, 7], outputs: [8] }),
        strides({ code: Operator.conv2d, inputs: [8, 9, 10], outputs: [11] }),
      ],
      inputs: [0],
      outputs: [11],
    };
  }

  /** The three channels, layer by layer, from the constants as TFLite orders them. */
  function expected(picture: Float32Array, channels: number): number[] {
    const { tensors } = written(channels);
    const [, narrow, narrowBias, , slopes, , deep, deepBias, , last, lastBias] = tensors.map(
      ({ data }) => data ?? new Float32Array(),
    );
    const at = (values: Float32Array | undefined, index: number): number => values?.[index] ?? Number.NaN;
    const bent = (c: number, y: number, x: number): number => {
      if (x < 0 || y < 0 || x >= side || y >= side) return 0;
      const pixel = y * side + x;
      const sum =
        at(narrow, 2 * c) * at(picture, pixel) * scale +
        at(narrow, 2 * c + 1) * at(picture, side * side + pixel) * scale +
        at(narrowBias, c);
      return sum > 0 ? sum : at(slopes, c) * sum;
    };
    const blurred = (c: number, y: number, x: number): number => {
      const window = Array.from({ length: 9 }, (_, k) => [Math.floor(k / 3), k % 3] as const);
      return window.reduce(
        (sum, [dy, dx], k) => sum + at(deep, k * channels + c) * bent(c, y + dy - 1, x + dx - 1),
        at(deepBias, c),
      );
    };
    return Array.from({ length: 3 * side * side }, (_, index) => {
      const [o, y, x] = [Math.floor(index / side ** 2), Math.floor(index / side) % side, index % side];
      const sum = Array.from(
        { length: channels },
        (_each, c) => at(last, o * channels + c) * blurred(c, y, x),
      );
      return sum.reduce((total, value) => total + value, at(lastBias, o));
    });
  }
  const scale = 0.5;

  for (const { channels, isBottleneck } of [
    { channels: 8, isBottleneck: true },
    { channels: 9, isBottleneck: false },
  ]) {
    test(`gives what its layers give with ${channels} channels, ${isBottleneck ? 'without' : 'with'} passes for PReLU`, async () => {
      const picture = numbers(2 * side * side, 8);
      let nodes: readonly string[] = [];
      const found = await run(
        picture,
        [
          [1, 2, side, side],
          [1, 3, side, side],
        ],
        (graph, input) => {
          nodes = watched(graph);
          const image = { name: input, shape: [2, side, side] };
          return new TflitePictures(graph, written(channels), image, scale).lastOf(Operator.conv2d).name;
        },
      );
      assert.ok(greatestDifference(found, expected(picture, channels)) < 1e-4);
      assert.equal(nodes.join() === 'Conv,Relu,Conv,Conv', isBottleneck, nodes.join());
    });
  }
});

describe('a layer normalisation of a TFLite network', () => {
  const [rows, width] = [3, 4];
  const scale = Float32Array.of(1, -2, 0.5, 3);
  const epsilon = 0.01;

  /** As the blendshape network writes it. Tensor 0 is the input, 1 to 3 are constants, and the operators make the others in order. */
  function written(gainOfMean: number): TfliteGraph {
    const whole = [1, rows, width];
    const one = [1, rows, 1];
    const operator = (code: number, inputs: readonly number[], output: number): TfliteOperator => ({
      ...{
        code,
        inputs,
        outputs: [output],
        option: (slot) => (code === Operator.mean && slot === 0 ? 1 : 0),
      },
    });
    return {
      tensors: [
        ...[tensor(whole), tensor([], [2]), tensor([width], [...scale]), tensor([], [epsilon])],
        ...[tensor(one), tensor(one), tensor(whole), tensor(one), tensor(one), tensor(one)],
        ...[tensor(whole), tensor(whole), tensor(whole), tensor(whole)],
      ],
      operators: [
        operator(Operator.mean, [0, 1], 4),
        operator(Operator.neg, [4], 5),
        operator(Operator.squaredDifference, [0, 4], 6),
        operator(Operator.mean, [6, 1], 7),
        operator(Operator.add, [7, 3], 8),
        operator(Operator.rsqrt, [8], 9),
        operator(Operator.mul, [9, 2], 10),
        operator(Operator.mul, [0, 10], 11),
        operator(Operator.mul, [5, gainOfMean], 12),
        operator(Operator.add, [11, 12], 13),
      ],
      inputs: [0],
      outputs: [13],
    };
  }

  const data = Float32Array.from({ length: rows * width }, (_, at) => Math.sin(3 * at) * (1 + at));
  async function translated(gainOfMean: number) {
    let nodes: readonly string[] = [];
    const shape = [1, rows, width];
    const found = await run(data, [shape, shape], (graph, input) => {
      nodes = watched(graph);
      const network = new TfliteRows(graph, written(gainOfMean), { name: input, shape: [rows, width] });
      return network.lastOf(Operator.add).name;
    });
    return { found, nodes };
  }

  /** The sum of `x * gain` and of the negative mean times the gain, or times the scale alone. */
  function expected(isWhole: boolean): number[] {
    return Array.from({ length: rows }, (_, row) => [
      ...data.subarray(row * width, (row + 1) * width),
    ]).flatMap((row) => {
      const mean = row.reduce((sum, x) => sum + x, 0) / width;
      const variance = row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / width;
      return row.map((x, at) => {
        const gain = (scale[at] ?? 0) / Math.sqrt(variance + epsilon);
        return x * gain - mean * (isWhole ? gain : (scale[at] ?? 0));
      });
    });
  }

  test('becomes one node with the same result', async () => {
    const { found, nodes } = await translated(10);
    assert.ok(greatestDifference(found, expected(true)) < 1e-5);
    assert.deepEqual(nodes, ['LayerNormalization']);
  });

  test('stays as it is written where the mean has another gain', async () => {
    const { found, nodes } = await translated(2);
    assert.ok(greatestDifference(found, expected(false)) < 1e-5);
    assert.ok(!nodes.includes('LayerNormalization'));
  });
});
