import { selectedOf, type TableForm, type Value } from '../../host/table-form.js';
import type { AccountLedger } from './account-ledger.js';

/**
 * Reads and writes the rows of one table of accounts.db. A row that this program did not write, or that is another one than it
 * wrote last, is not there. What is sealed is what the program meant to write, never what the file says afterwards: a trigger in
 * the file gains nothing. Changes run in a transaction of the ledger.
 */
export class SealedTable<Row extends object> {
  readonly #ledger: AccountLedger;
  readonly #form: TableForm<Row>;
  readonly #selected: string;

  constructor(ledger: AccountLedger, form: TableForm<Row>) {
    this.#ledger = ledger;
    this.#form = form;
    this.#selected = selectedOf(form);
  }

  /** `which`: what follows the name of the table, such as `WHERE id = ?`. */
  all(which: string, ...given: readonly Value[]): readonly Row[] {
    const { name } = this.#form;
    const rows = this.#ledger
      .prepare<Value[], Row>(`SELECT ${this.#selected} FROM ${name} ${which}`)
      .all(...given);
    return rows.filter((row) => this.#ledger.isTrusted(this.#form, row));
  }

  one(which: string, ...given: readonly Value[]): Row | undefined {
    return this.all(which, ...given)[0];
  }

  insert(row: Row): void {
    const { name, columns } = this.#form;
    const fields = Object.keys(columns);
    this.#ledger
      .prepare(
        `INSERT INTO ${name} (${Object.values<string>(columns).join(', ')})
         VALUES (${fields.map((field) => `@${field}`).join(', ')})`,
      )
      .run(row);
    this.#ledger.seal(this.#form, row);
  }

  /** Changes fields of a row; those that are undefined stay. Does nothing for a row that is not there. */
  change(key: Value, values: Partial<Row>): void {
    const { name, key: keyField, columns } = this.#form;
    const before = this.one(`WHERE ${columns[keyField]} = ?`, key);
    const given = Object.entries(values).filter(([, value]) => value !== undefined);
    if (before === undefined || given.length === 0) return;
    const set = given.map(([field]) => `${columns[field as keyof Row & string]} = @${field}`).join(', ');
    this.#ledger
      .prepare(`UPDATE ${name} SET ${set} WHERE ${columns[keyField]} = @${keyField}`)
      .run({ ...Object.fromEntries(given), [keyField]: key });
    this.#ledger.seal(this.#form, { ...before, ...Object.fromEntries(given) });
  }

  /** Removes rows; `which` as for `all`. Returns how many were there. */
  remove(which: string, ...given: readonly Value[]): number {
    const { name, key, columns } = this.#form;
    const keys = this.#ledger
      .prepare<Value[], Value>(`DELETE FROM ${name} ${which} RETURNING ${columns[key]}`)
      .pluck()
      .all(...given);
    return keys.filter((each) => this.#ledger.forget(this.#form, each)).length;
  }
}
