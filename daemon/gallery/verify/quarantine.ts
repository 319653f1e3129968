import type { PersonId } from '../../domain/ids.js';

/** A row that is kept but not used. Which rows these are may be logged: ids say nothing about a person. */
export interface QuarantinedRow {
  readonly table: 'person' | 'template' | 'photograph' | 'evidence';
  readonly rowId: string;
  /** Absent for pictures of unknown persons. */
  readonly personId?: PersonId;
  /**
   * `of-nobody`: there is no such person; `rolled-back`: genuine, but older than what the audit log says; `erased`: the person
   * was erased; `page-damaged`: SQLite cannot read the row.
   */
  readonly reason:
    | 'does-not-open'
    | 'key-does-not-open'
    | 'not-a-template'
    | 'of-nobody'
    | 'rolled-back'
    | 'erased'
    | 'page-damaged';
}

/** Rows found damaged since the gallery was opened, each once. */
export class Quarantine {
  readonly #rows = new Map<string, QuarantinedRow>();

  get rows(): readonly QuarantinedRow[] {
    return [...this.#rows.values()];
  }

  /** True where the row was not known to be damaged before; the reason found first stays, being the closer one. */
  add(row: QuarantinedRow): boolean {
    const id = `${row.table} ${row.rowId}`;
    const isNew = !this.#rows.has(id);
    if (isNew) this.#rows.set(id, row);
    return isNew;
  }

  /** Forgets the rows of a person who was removed. */
  release(personId: PersonId): void {
    for (const [id, row] of this.#rows) if (row.personId === personId) this.#rows.delete(id);
  }
}
