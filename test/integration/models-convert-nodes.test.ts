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
import { TfliteRows } from '../../daemon/host/models/convert/tflite-rows.js';
import { InferenceSession, Tensor } from '../../daemon/host/onnx-runtime.js';
import { greatestDifference } from '../support/onnx-run.js';

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

describe('a layer normalisation of a TFLite network', () => {
  const [rows, width] = [3, 4];
  const scale = Float32Array.of(1, -2, 0.5, 3);
  const epsilon = 0.01;

  /** As the blendshape network writes it. Tensor 0 is the input, 1 to 3 are constants, and the operators make the others in order. */
  function written(gainOfMean: number): TfliteGraph {
    const whole = [1, rows, width];
    const one = [1, rows, 1];
    const tensor = (shape: readonly number[], data?: readonly number[]): TfliteTensor => ({
      ...{ name: '', shape, data: data && Float32Array.from(data) },
    });
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
  const translated = (gainOfMean: number, nodes: string[]) =>
    run(
      data,
      [
        [1, rows, width],
        [1, rows, width],
      ],
      (graph, input) => {
        const add = graph.node.bind(graph);
        graph.node = (op, ...rest) => {
          nodes.push(op);
          return add(op, ...rest);
        };
        const network = new TfliteRows(graph, written(gainOfMean), { name: input, shape: [rows, width] });
        return network.lastOf(Operator.add).name;
      },
    );

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
    const nodes: string[] = [];
    assert.ok(greatestDifference(await translated(10, nodes), expected(true)) < 1e-5);
    assert.deepEqual(nodes, ['LayerNormalization']);
  });

  test('stays as it is written where the mean has another gain', async () => {
    const nodes: string[] = [];
    assert.ok(greatestDifference(await translated(2, nodes), expected(false)) < 1e-5);
    assert.ok(!nodes.includes('LayerNormalization'));
  });
});
