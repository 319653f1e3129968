import type { QuarantinedTable, QuarantineReason } from '../../../kernel/gallery/gallery-damage.js';
import type { PersonId } from '../../../kernel/ids.js';

/** A damaged row, which is kept but not used. It may be logged: ids reveal nothing about a person. */
export interface QuarantinedRow {
  readonly table: QuarantinedTable;
  readonly rowId: string;
  /** Absent for strangers and their pictures. */
  readonly personId?: PersonId;
  readonly reason: QuarantineReason;
}

/** The rows that were found damaged since the gallery was opened. */
export class Quarantine {
  readonly #rows = new Map<string, QuarantinedRow>();

  get rows(): readonly QuarantinedRow[] {
    return [...this.#rows.values()];
  }

  /** True if the row is new. A known row keeps its first reason. */
  add(row: QuarantinedRow): boolean {
    const id = `${row.table} ${row.rowId}`;
    const isNew = !this.#rows.has(id);
    if (isNew) this.#rows.set(id, row);
    return isNew;
  }

  /** Forgets the rows of an erased person. */
  release(personId: PersonId): void {
    for (const [id, row] of this.#rows) if (row.personId === personId) this.#rows.delete(id);
  }
}
