import { defect } from '../base/errors.js';
import type { PersonId } from '../domain/ids.js';
import type { Candidate, Embedding } from '../domain/match.js';
import { InferenceSession, Tensor } from '../host/onnx-runtime.js';
import { GraphBuilder } from '../models/convert/graph-builder.js';
import { InFlight } from './in-flight.js';
import { greatestIndices, greatestPerPerson, meanPerPerson } from './person-scores.kernel.js';
import type { SearchIndex, SearchOptions } from './search-index.js';
import { TemplateTable } from './template-table.js';

/** The graph: one matrix product, templates (rows x dimensions) by probe (dimensions x 1). */
function productGraph(dimensions: number): Uint8Array {
  const graph = new GraphBuilder('gallery-search');
  const templates = graph.input('templates', ['rows', dimensions]);
  const probe = graph.input('probe', [dimensions, 1]);
  graph.node('MatMul', [templates, probe], { output: 'similarities' });
  graph.output('similarities', ['rows', 1]);
  return graph.encode();
}

class OnnxSearchIndex implements SearchIndex {
  readonly #session: InferenceSession;
  readonly #table: TemplateTable;
  readonly #inFlight = new InFlight();

  constructor(session: InferenceSession, table: TemplateTable) {
    this.#session = session;
    this.#table = table;
  }

  get personCount(): number {
    return this.#table.personCount;
  }

  get templateCount(): number {
    return this.#table.rowCount;
  }

  add(personId: PersonId, templates: readonly Embedding[]): void {
    for (const template of templates) this.#assertFits(template);
    this.#table.add(personId, templates);
  }

  remove(personId: PersonId): boolean {
    return this.#table.remove(personId);
  }

  async nearest(probe: Embedding, options: SearchOptions): Promise<readonly Candidate[]> {
    this.#assertFits(probe);
    return this.#inFlight.run(() => this.#search(probe, options));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#inFlight.isOpen) return;
    await this.#inFlight.close();
    this.#table.wipe();
    await this.#session.release();
  }

  async #search(probe: Embedding, options: SearchOptions): Promise<readonly Candidate[]> {
    for (;;) {
      if (this.#table.rowCount === 0 || options.count <= 0) return [];
      const version = this.#table.version;
      const similarities = await this.#similarities(probe);
      // The runtime runs in a later turn of the event loop; rows may have come, gone or moved until then.
      if (version === this.#table.version) return this.#candidates(similarities, options);
    }
  }

  async #similarities(probe: Embedding): Promise<Float32Array> {
    const { dimensions, rowCount, vectors } = this.#table;
    const { similarities } = await this.#session.run({
      templates: new Tensor('float32', vectors, [rowCount, dimensions]),
      probe: new Tensor('float32', probe, [dimensions, 1]),
    });
    if (similarities?.data instanceof Float32Array) return similarities.data;
    throw defect('search-output', 'the search graph gave no similarities');
  }

  #candidates(similarities: Float32Array, { count, rule }: SearchOptions): Candidate[] {
    const persons = new Float32Array(this.#table.numberLimit);
    const reduce = rule === 'mean' ? meanPerPerson : greatestPerPerson;
    reduce(similarities, this.#table.owners, persons);
    return greatestIndices(persons, count).flatMap((number) => {
      const personId = this.#table.idOf(number);
      const similarity = persons[number];
      return personId === undefined || similarity === undefined ? [] : [{ personId, similarity }];
    });
  }

  #assertFits(vector: Embedding): void {
    if (vector.length !== this.#table.dimensions) {
      throw defect(
        'embedding-unusable',
        `a vector of ${vector.length} values cannot be compared with templates of ${this.#table.dimensions}`,
      );
    }
  }
}

/**
 * An empty index over ONNX Runtime's CPU matrix product, one thread: several times faster than a loop in
 * JavaScript at every size (docs/gallery.md has the figures; `scripts/bench search` measures both).
 */
export async function openOnnxSearchIndex(dimensions: number, expectedTemplates = 0): Promise<SearchIndex> {
  const session = await InferenceSession.create(productGraph(dimensions), {
    executionProviders: ['cpu'],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: 'sequential',
  });
  return new OnnxSearchIndex(session, new TemplateTable(dimensions, expectedTemplates));
}
