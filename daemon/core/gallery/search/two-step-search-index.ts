import { defect } from '../../../kernel/errors.js';
import { type Candidate, type Embedding, templatesOf } from '../../../kernel/identification/match.js';
import type { PersonId } from '../../../kernel/ids.js';
import { InFlight } from '../in-flight.js';
import { nearestPersons } from './best-persons.js';
import type { SearchIndex, SearchOptions } from './search-index.js';
import { TemplateSlabs } from './template-slabs.js';
import { TemplateTable } from './template-table.js';

class TwoStepSearchIndex implements SearchIndex {
  readonly #dimensions: number;
  readonly #table: TemplateTable;
  /** Persons with several references, and so with a mean. */
  readonly #withMean = new Set<PersonId>();
  readonly #inFlight = new InFlight();

  constructor(dimensions: number) {
    this.#dimensions = dimensions;
    this.#table = new TemplateTable(new TemplateSlabs(dimensions));
  }

  get personCount(): number {
    return this.#table.personCount;
  }

  get referenceCount(): number {
    return this.#table.rowCount - this.#withMean.size;
  }

  put(personId: PersonId, references: readonly Embedding[]): void {
    for (const reference of references) this.#assertFits(reference);
    this.remove(personId);
    const templates = templatesOf(references);
    this.#table.add(personId, templates);
    if (templates.length === references.length) return;
    this.#withMean.add(personId);
    templates.at(-1)?.fill(0);
  }

  remove(personId: PersonId): boolean {
    this.#withMean.delete(personId);
    return this.#table.remove(personId);
  }

  async nearest(probe: Embedding, options: SearchOptions): Promise<readonly Candidate[]> {
    this.#assertFits(probe);
    return this.#inFlight.run(async () => {
      // Changes that the caller makes in this turn are included.
      await Promise.resolve();
      return this.#search(probe, options);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#inFlight.isOpen) return;
    await this.#inFlight.close();
    this.#withMean.clear();
    this.#table.wipe();
  }

  #search(probe: Embedding, { count }: SearchOptions): Candidate[] {
    if (this.#table.rowCount === 0 || count <= 0) return [];
    return nearestPersons(this.#table, probe, count).flatMap(({ number, similarity }) => {
      const personId = this.#table.idOf(number);
      return personId === undefined ? [] : [{ personId, similarity }];
    });
  }

  #assertFits(vector: Embedding): void {
    if (vector.length === this.#dimensions) return;
    throw defect(
      'embedding-unusable',
      `a vector of ${vector.length} values cannot be compared with templates of ${this.#dimensions}`,
    );
  }
}

/**
 * An empty index that searches in two steps: an int8 pass over all templates, in WebAssembly, and a full comparison of those that
 * the first step cannot exclude. The result is exact, because the error of the first step has a proven bound
 * (docs/explanation/gallery.md; `scripts/bench search` measures the time).
 */
export function openTwoStepSearchIndex(dimensions: number): SearchIndex {
  return new TwoStepSearchIndex(dimensions);
}
