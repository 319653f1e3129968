import { type SavedFilter, savedFilterPages } from '../../contract/auth.js';
import { opaqueText } from '../../host/opaque-text.js';
import type { TableForm } from '../../host/table-form.js';
import type { AccountLedger } from './account-ledger.js';
import { SealedTable } from './sealed-table.js';

/** Filters that a user keeps under a name. */
interface SavedFilterRow {
  readonly id: string;
  readonly userId: string;
  readonly page: string;
  readonly name: string;
  readonly query: string;
}

export const savedFilterTable: TableForm<SavedFilterRow> = {
  name: 'saved_filter',
  key: 'id',
  columns: { id: 'id', userId: 'user_id', page: 'page', name: 'name', query: 'query' },
};

/** Saved filters in accounts.db. Changes run in a transaction of the caller. */
export class SavedFiltersStore {
  readonly #filters: SealedTable<SavedFilterRow>;

  constructor(ledger: AccountLedger) {
    this.#filters = new SealedTable(ledger, savedFilterTable);
  }

  /** By page and name, for the pages that this release knows. */
  ofUser(userId: string): readonly SavedFilter[] {
    const rows = this.#filters.all('WHERE user_id = ? ORDER BY page, name', userId);
    return rows.flatMap(({ page, name, query }) => {
      const known = savedFilterPages.find((each) => each === page);
      return known === undefined ? [] : [{ page: known, name, query }];
    });
  }

  /** Of several with the same page and name, the last one stays. */
  replaceOfUser(userId: string, filters: readonly SavedFilter[]): void {
    this.removeOfUser(userId);
    const byName = new Map(filters.map((each) => [`${each.page} ${each.name}`, each]));
    for (const each of byName.values()) this.#filters.insert({ ...each, id: `f-${opaqueText()}`, userId });
  }

  removeOfUser(userId: string): void {
    this.#filters.remove('WHERE user_id = ?', userId);
  }
}
