// What `search.ts` measures: ways of finding the two persons nearest to a probe, all exact.

import type { Random } from '../../daemon/base/random.js';
import type { Candidate, Embedding } from '../../daemon/domain/identification/match.js';
import { personId } from '../../daemon/domain/ids.js';
import { openTwoStepSearchIndex } from '../../daemon/gallery/search/two-step-search-index.js';
import { InferenceSession, Tensor } from '../../daemon/host/onnx-runtime.js';
import { GraphBuilder } from '../../daemon/models/convert/graph-builder.js';
import {
  ELEMENT_FLOAT32,
  ELEMENT_INT64,
  encodeOnnx,
  type OnnxInitialiser,
} from '../../daemon/models/convert/onnx-proto.js';
import { floatProducts } from './search-float.js';
import { greatestIndices, greatestPerPerson, productLoop } from './search-loop.kernel.js';

export const templatesPerPerson = 5;
/** Enough templates that two persons are among them, whatever the others are: five of the first, one more. */
const topTemplates = templatesPerPerson + 1;

const oneThread = { intraOpNumThreads: 1, interOpNumThreads: 1 };

type Search = (probe: Embedding) => Promise<readonly Candidate[]>;
export interface Contender {
  readonly name: string;
  readonly search: Search;
  readonly end: () => Promise<void>;
}

export function unitVector(random: Random, dimensions: number): Embedding {
  const vector = Float32Array.from({ length: dimensions }, () => random.unit() - 0.5);
  const length = Math.hypot(...vector);
  return vector.map((value) => value / length);
}

const idOf = (number: number) => personId(`p-${number}`);

/** The production index. */
async function production(templates: readonly Embedding[], dimensions: number): Promise<Contender> {
  const index = openTwoStepSearchIndex(dimensions);
  for (const [row, template] of templates.entries()) {
    index.add(idOf(Math.floor(row / templatesPerPerson)), [template]);
  }
  return {
    name: 'two steps: int8, then float32 (production)',
    search: (probe) => index.nearest(probe, { count: 2 }),
    end: async () => index[Symbol.asyncDispose](),
  };
}

function flat(templates: readonly Embedding[], dimensions: number): Float32Array {
  const vectors = new Float32Array(templates.length * dimensions);
  for (const [row, template] of templates.entries()) vectors.set(template, row * dimensions);
  return vectors;
}

/** All similarities in float32, by `products`, and a kernel in JavaScript for the persons. */
function byProducts(
  name: string,
  templates: readonly Embedding[],
  products: (probe: Embedding) => Promise<Float32Array> | Float32Array,
): Contender {
  const owners = Int32Array.from(templates, (_, row) => Math.floor(row / templatesPerPerson));
  const persons = new Float32Array(Math.ceil(templates.length / templatesPerPerson));
  const search: Search = async (probe) => {
    greatestPerPerson(await products(probe), owners, persons);
    return greatestIndices(persons, 2).map((number) => ({
      personId: idOf(number),
      similarity: persons[number] ?? Number.NaN,
    }));
  };
  return { name, search, end: async () => undefined };
}

/** A loop in JavaScript. */
function loop(templates: readonly Embedding[], dimensions: number): Contender {
  const vectors = flat(templates, dimensions);
  const similarities = new Float32Array(templates.length);
  return byProducts('loop in JavaScript', templates, (probe) => {
    productLoop(vectors, probe, similarities);
    return similarities;
  });
}

/** A matrix product by ONNX Runtime. */
async function matMul(templates: readonly Embedding[], dimensions: number): Promise<Contender> {
  const vectors = flat(templates, dimensions);
  const graph = new GraphBuilder('search');
  const rows = graph.input('templates', ['rows', dimensions]);
  const column = graph.input('probe', [dimensions, 1]);
  graph.node('MatMul', [rows, column], { output: 'similarities' });
  graph.output('similarities', ['rows', 1]);
  const session = await InferenceSession.create(graph.encode(), oneThread);
  const contender = byProducts('MatMul + kernel per person', templates, async (probe) => {
    const { similarities } = await session.run({
      templates: new Tensor('float32', vectors, [templates.length, dimensions]),
      probe: new Tensor('float32', probe, [dimensions, 1]),
    });
    if (similarities?.data instanceof Float32Array) return similarities.data;
    throw new Error('no output');
  });
  return { ...contender, end: () => session.release() };
}

/** MatMul and TopK in one graph; the templates are an input or a constant of the graph. */
async function topK(
  templates: readonly Embedding[],
  dimensions: number,
  isConstant: boolean,
): Promise<Contender> {
  const vectors = flat(templates, dimensions);
  const rows = templates.length;
  const count = new Uint8Array(BigInt64Array.of(BigInt(Math.min(topTemplates, rows))).buffer);
  const constants: readonly OnnxInitialiser[] = [
    { name: 'count', dims: [1], elementType: ELEMENT_INT64, bytes: count },
    {
      name: 'templates',
      dims: [rows, dimensions],
      elementType: ELEMENT_FLOAT32,
      bytes: new Uint8Array(vectors.buffer),
    },
  ];
  const bytes = encodeOnnx({
    name: 'top-templates',
    nodes: [
      { op: 'MatMul', inputs: ['templates', 'probe'], outputs: ['similarities'], attributes: {} },
      { op: 'TopK', inputs: ['similarities', 'count'], outputs: ['best', 'rows'], attributes: { axis: 0 } },
      // The writer declares float32 results only; row numbers below 2^24 are exact in it.
      { op: 'Cast', inputs: ['rows'], outputs: ['rowsAsFloat'], attributes: { to: ELEMENT_FLOAT32 } },
    ],
    initialisers: isConstant ? constants : constants.slice(0, 1),
    inputs: [
      { name: 'probe', dims: [dimensions, 1] },
      ...(isConstant ? [] : [{ name: 'templates', dims: ['rows', dimensions] }]),
    ],
    outputs: [
      { name: 'best', dims: ['count', 1] },
      { name: 'rowsAsFloat', dims: ['count', 1] },
    ],
  });
  const session = await InferenceSession.create(bytes, oneThread);
  const input = isConstant ? {} : { templates: new Tensor('float32', vectors, [rows, dimensions]) };
  const search: Search = async (probe) => {
    const found = await session.run({ probe: new Tensor('float32', probe, [dimensions, 1]), ...input });
    const [best, at] = [found['best']?.data, found['rowsAsFloat']?.data];
    if (!(best instanceof Float32Array) || !(at instanceof Float32Array)) throw new Error('no output');
    const byPerson = new Map<number, number>();
    for (const [rank, row] of at.entries()) {
      const person = Math.floor(row / templatesPerPerson);
      if (!byPerson.has(person)) byPerson.set(person, best[rank] ?? Number.NaN);
    }
    return [...byPerson].slice(0, 2).map(([person, similarity]) => ({ personId: idOf(person), similarity }));
  };
  const where = isConstant ? 'constants' : 'an input';
  return { name: `MatMul + TopK, templates as ${where}`, search, end: () => session.release() };
}

/** All ways over the same templates of so many values; the production one first, then the plainest. */
export async function openContenders(
  templates: readonly Embedding[],
  dimensions: number,
): Promise<readonly Contender[]> {
  return [
    await production(templates, dimensions),
    loop(templates, dimensions),
    byProducts('float32 in WebAssembly', templates, floatProducts(flat(templates, dimensions), dimensions)),
    await matMul(templates, dimensions),
    await topK(templates, dimensions, false),
    await topK(templates, dimensions, true),
  ];
}
