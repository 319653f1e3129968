import type { PersonId } from '../domain/ids.js';
import type { Embedding } from '../domain/match.js';

const SMALLEST_CAPACITY = 256;

/** Room for enrolments to come, beyond what is expected. */
const SPARE = 1.05;

/**
 * Templates as rows of one flat array, beside a table that says whose each row is. Rows are kept dense: the last
 * row moves into a gap. Whatever leaves, by removal or by growth, is overwritten with zeros.
 */
export class TemplateTable {
  readonly dimensions: number;
  readonly #numbers = new Map<PersonId, number>();
  readonly #ids: (PersonId | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  #vectors: Float32Array;
  #owners: Int32Array;
  #rowCount = 0;
  #version = 0;

  /** Has room for `expectedRows` without growing, which takes memory twice. */
  constructor(dimensions: number, expectedRows = 0) {
    const capacity = Math.max(SMALLEST_CAPACITY, Math.ceil(expectedRows * SPARE));
    this.dimensions = dimensions;
    this.#vectors = new Float32Array(capacity * dimensions);
    this.#owners = new Int32Array(capacity);
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  get personCount(): number {
    return this.#numbers.size;
  }

  /** Person numbers in use are below this. */
  get numberLimit(): number {
    return this.#ids.length;
  }

  /** Changes with every change of the table. */
  get version(): number {
    return this.#version;
  }

  /** All rows, row-major; a view that is good until the next change. */
  get vectors(): Float32Array {
    return this.#vectors.subarray(0, this.#rowCount * this.dimensions);
  }

  /** The person number of each row; a view that is good until the next change. */
  get owners(): Int32Array {
    return this.#owners.subarray(0, this.#rowCount);
  }

  idOf(number: number): PersonId | undefined {
    return this.#ids[number];
  }

  add(personId: PersonId, templates: readonly Embedding[]): void {
    if (templates.length === 0) return;
    this.#reserve(this.#rowCount + templates.length);
    const number = this.#numberFor(personId);
    for (const template of templates) {
      this.#vectors.set(template, this.#rowCount * this.dimensions);
      this.#owners[this.#rowCount] = number;
      this.#rowCount += 1;
    }
    this.#version += 1;
  }

  remove(personId: PersonId): boolean {
    const number = this.#numbers.get(personId);
    if (number === undefined) return false;
    for (let row = this.#rowCount - 1; row >= 0; row -= 1) {
      if (this.#owners[row] === number) this.#removeRow(row);
    }
    this.#numbers.delete(personId);
    this.#ids[number] = undefined;
    this.#freeNumbers.push(number);
    this.#version += 1;
    return true;
  }

  /** Overwrites everything. */
  wipe(): void {
    this.#vectors.fill(0);
    this.#numbers.clear();
    this.#ids.length = 0;
    this.#freeNumbers.length = 0;
    this.#rowCount = 0;
    this.#version += 1;
  }

  #removeRow(row: number): void {
    const last = this.#rowCount - 1;
    const width = this.dimensions;
    this.#vectors.copyWithin(row * width, last * width, (last + 1) * width);
    this.#owners[row] = this.#owners[last] ?? 0;
    this.#vectors.fill(0, last * width, (last + 1) * width);
    this.#rowCount = last;
  }

  #numberFor(personId: PersonId): number {
    const known = this.#numbers.get(personId);
    if (known !== undefined) return known;
    const number = this.#freeNumbers.pop() ?? this.#ids.length;
    this.#ids[number] = personId;
    this.#numbers.set(personId, number);
    return number;
  }

  #reserve(rows: number): void {
    const capacity = this.#owners.length;
    if (rows <= capacity) return;
    const grown = Math.max(rows, Math.ceil(capacity * 1.25));
    const vectors = new Float32Array(grown * this.dimensions);
    vectors.set(this.vectors);
    this.#vectors.fill(0);
    this.#vectors = vectors;
    const owners = new Int32Array(grown);
    owners.set(this.owners);
    this.#owners = owners;
  }
}
