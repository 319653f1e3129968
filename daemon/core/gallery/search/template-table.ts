import type { Embedding } from '../../../kernel/identification/match.js';
import type { PersonId } from '../../../kernel/ids.js';
import type { TemplateSlabs } from './template-slabs.js';

/**
 * Templates and the owner of each row. Rows stay dense: the last row moves into a gap. Removed rows are overwritten with
 * zeros.
 */
export class TemplateTable {
  readonly slabs: TemplateSlabs;
  readonly #numbers = new Map<PersonId, number>();
  readonly #ids: (PersonId | undefined)[] = [];
  readonly #freeNumbers: number[] = [];
  readonly #owners: number[] = [];

  constructor(slabs: TemplateSlabs) {
    this.slabs = slabs;
  }

  get rowCount(): number {
    return this.#owners.length;
  }

  get personCount(): number {
    return this.#numbers.size;
  }

  /** The person number of each row. */
  get owners(): readonly number[] {
    return this.#owners;
  }

  idOf(number: number): PersonId | undefined {
    return this.#ids[number];
  }

  /** @throws `search-memory-exhausted` */
  add(personId: PersonId, templates: readonly Embedding[]): void {
    if (templates.length === 0) return;
    this.slabs.makeRoom(this.rowCount + templates.length);
    const number = this.#numberFor(personId);
    for (const template of templates) {
      this.slabs.write(this.rowCount, template);
      this.#owners.push(number);
    }
  }

  remove(personId: PersonId): boolean {
    const number = this.#numbers.get(personId);
    if (number === undefined) return false;
    for (let row = this.rowCount - 1; row >= 0; row -= 1) {
      if (this.#owners[row] === number) this.#removeRow(row);
    }
    this.#numbers.delete(personId);
    this.#ids[number] = undefined;
    this.#freeNumbers.push(number);
    return true;
  }

  /** Overwrites everything. */
  wipe(): void {
    this.slabs.wipe();
    this.#numbers.clear();
    this.#ids.length = 0;
    this.#freeNumbers.length = 0;
    this.#owners.length = 0;
  }

  #removeRow(row: number): void {
    const last = this.#owners.pop() ?? 0;
    this.slabs.move(this.rowCount, row);
    if (row < this.rowCount) this.#owners[row] = last;
  }

  #numberFor(personId: PersonId): number {
    const known = this.#numbers.get(personId);
    if (known !== undefined) return known;
    const number = this.#freeNumbers.pop() ?? this.#ids.length;
    this.#ids[number] = personId;
    this.#numbers.set(personId, number);
    return number;
  }
}
