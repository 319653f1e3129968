import { defect } from '../../../kernel/errors.js';
import { type Candidate, type Embedding, templatesOf } from '../../../kernel/identification/match.js';
import type { PersonId } from '../../../kernel/ids.js';
import { InFlight } from '../in-flight.js';
import { nearestPersons } from './best-persons.js';
import { TemplateSlabs } from './template-slabs.js';
import { TemplateTable } from './template-table.js';

export interface SearchOptions {
  /** Most persons to return. */
  readonly count: number;
}

/**
 * The references of all persons by one recogniser in memory, with the mean of each person's (`templatesOf`), and an exact search. Changes
 * take effect immediately: a search that is under way never returns a person who was removed before its end.
 *
 * The search has two steps: an int8 pass over all templates, in WebAssembly, and a full comparison of those that the first step
 * cannot exclude. The result is exact, because the error of the first step has a proven bound (docs/explanation/gallery.md;
 * `scripts/bench search` measures the time).
 */
export class SearchIndex implements AsyncDisposable {
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

  /** Number of references, without the means. */
  get referenceCount(): number {
    return this.#table.rowCount - this.#withMean.size;
  }

  /** Adds a person with copies of all their references (unit vectors), in place of what was known of them. */
  put(personId: PersonId, references: readonly Embedding[]): void {
    for (const reference of references) this.#assertFits(reference);
    this.remove(personId);
    const templates = templatesOf(references);
    this.#table.add(personId, templates);
    if (templates.length === references.length) return;
    this.#withMean.add(personId);
    templates.at(-1)?.fill(0);
  }

  /** Removes a person and wipes their templates. False if there were none. */
  remove(personId: PersonId): boolean {
    this.#withMean.delete(personId);
    return this.#table.remove(personId);
  }

  /** The persons most similar to `probe` (a unit vector), closest first. */
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
