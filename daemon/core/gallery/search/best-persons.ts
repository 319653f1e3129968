import type { Embedding } from '../../../kernel/identification/match.js';
import { GROUP_ROWS, PIECE_ROWS } from './template-slabs.js';
import type { TemplateTable } from './template-table.js';

/** A person by their number in the table. */
export interface ScoredPerson {
  readonly number: number;
  /** Rounded to float32. */
  readonly similarity: number;
}

/** The best persons so far. `floor` is the similarity of the last of them; it never decreases. */
class Leaders {
  readonly #count: number;
  readonly #numbers: number[] = [];
  readonly #least: number[] = [];
  floor = Number.NEGATIVE_INFINITY;

  constructor(count: number) {
    this.#count = count;
  }

  /** The similarity of person `number` is at least `least`. */
  offer(number: number, least: number): void {
    if (!(least > this.floor)) return;
    const known = this.#numbers.indexOf(number);
    if (known >= 0) {
      if ((this.#least[known] ?? least) >= least) return;
      this.#numbers.splice(known, 1);
      this.#least.splice(known, 1);
    }
    let place = this.#least.length;
    while (place > 0 && (this.#least[place - 1] ?? least) < least) place -= 1;
    this.#numbers.splice(place, 0, number);
    this.#least.splice(place, 0, least);
    if (this.#least.length > this.#count) {
      this.#numbers.pop();
      this.#least.pop();
    }
    if (this.#least.length === this.#count) this.floor = this.#least.at(-1) ?? this.floor;
  }
}

/** Closest first; equal similarities in order of number. Leaves out persons whose similarity is NaN. */
function ranked(similarities: ReadonlyMap<number, number>, count: number): ScoredPerson[] {
  return [...similarities]
    .map(([number, similarity]) => ({ number, similarity: Math.fround(similarity) }))
    .filter(({ similarity }) => similarity > Number.NEGATIVE_INFINITY)
    .sort((a, b) => b.similarity - a.similarity || a.number - b.number)
    .slice(0, count);
}

/**
 * The `count` persons with the templates most similar to `probe`. A pass over the images gives every template an upper bound (see
 * `QuantisedProbe`). Where it reaches the least similarity among the best `count` persons so far, the template is compared in full,
 * which may raise that floor for the rows that follow. Made for small counts.
 */
export function nearestPersons(table: TemplateTable, probe: Embedding, count: number): ScoredPerson[] {
  const { slabs, owners, rowCount } = table;
  const quantised = slabs.takeProbe(probe);
  const leaders = new Leaders(count);
  const isSelective = count < table.personCount;
  const best = new Map<number, number>();
  for (let firstRow = 0; firstRow < rowCount; firstRow += PIECE_ROWS) {
    const pieceRows = Math.min(PIECE_ROWS, rowCount - firstRow);
    const { most, groups } = slabs.bounds(firstRow, pieceRows, quantised, leaders.floor);
    for (const group of groups) {
      for (let at = group; at < Math.min(group + GROUP_ROWS, most.length); at += 1) {
        if ((most[at] ?? Number.NaN) < leaders.floor) continue;
        const number = owners[firstRow + at] ?? -1;
        const similarity = Math.fround(slabs.similarity(firstRow + at, probe));
        if (!(similarity > (best.get(number) ?? Number.NEGATIVE_INFINITY))) continue;
        best.set(number, similarity);
        if (isSelective) leaders.offer(number, similarity);
      }
    }
  }
  slabs.dropProbe();
  return ranked(best, count);
}
