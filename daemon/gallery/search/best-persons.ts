import type { Embedding } from '../../domain/identification/match.js';
import { addByOwner, type QuantisedProbe, slackOf } from './quantised.kernel.js';
import { type Bounds, GROUP_ROWS, PIECE_ROWS } from './template-slabs.js';
import type { TemplateTable } from './template-table.js';

/** A person by their number in the table. */
export interface ScoredPerson {
  readonly number: number;
  /** Rounded to float32. */
  readonly similarity: number;
}

/** The best persons so far, by lower bound. `floor` is the lower bound of the last of them; it never decreases. */
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

/** Calls `visit` for each piece, with its upper bounds and the number of its first row. `floorNow` gives the floor for its groups. */
function forEachPiece(
  { slabs, rowCount }: TemplateTable,
  probe: QuantisedProbe,
  floorNow: () => number,
  visit: (bounds: Bounds, firstRow: number) => void,
): void {
  for (let row = 0; row < rowCount; row += PIECE_ROWS)
    visit(slabs.bounds(row, Math.min(PIECE_ROWS, rowCount - row), probe, floorNow()), row);
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
  const { slabs, owners } = table;
  const quantised = slabs.takeProbe(probe);
  const leaders = new Leaders(count);
  const isSelective = count < table.personCount;
  const best = new Map<number, number>();
  const visit = ({ most, groups }: Bounds, firstRow: number): void => {
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
  };
  forEachPiece(table, quantised, () => leaders.floor, visit);
  slabs.dropProbe();
  return ranked(best, count);
}

/** As `nearestPersons`, by the mean over each person's templates. The mean of the upper bounds is an upper bound of the mean. */
export function nearestPersonsByMean(table: TemplateTable, probe: Embedding, count: number): ScoredPerson[] {
  const { slabs, owners, numberLimit } = table;
  const quantised = slabs.takeProbe(probe);
  const most = new Float64Array(numberLimit);
  const errors = new Float64Array(numberLimit);
  const norms = new Float64Array(numberLimit);
  const visit = ({ most: bounds }: Bounds, firstRow: number): void => {
    addByOwner(bounds, owners, firstRow, most);
    addByOwner(slabs.errors(firstRow, bounds.length), owners, firstRow, errors);
    addByOwner(slabs.norms(firstRow, bounds.length), owners, firstRow, norms);
  };
  forEachPiece(table, quantised, () => Number.POSITIVE_INFINITY, visit);
  slabs.dropProbe();
  const templates = new Int32Array(numberLimit);
  for (const number of owners) templates[number] = (templates[number] ?? 0) + 1;
  const mean = (sums: Float64Array, number: number): number => (sums[number] ?? 0) / (templates[number] ?? 0);
  const leaders = new Leaders(count);
  const isSelective = count < table.personCount;
  for (let number = 0; isSelective && number < numberLimit; number += 1)
    leaders.offer(number, mean(most, number) - slackOf(mean(errors, number), mean(norms, number), quantised));
  const sums = new Map<number, number>();
  const isPossible = Array.from(templates, (own, number) => own > 0 && !(mean(most, number) < leaders.floor));
  for (let row = 0; row < owners.length; row += 1) {
    const number = owners[row] ?? -1;
    if (isPossible[number] === true) sums.set(number, (sums.get(number) ?? 0) + slabs.similarity(row, probe));
  }
  const means = [...sums].map(([number, sum]) => [number, sum / (templates[number] ?? 0)] as const);
  return ranked(new Map(means), count);
}
