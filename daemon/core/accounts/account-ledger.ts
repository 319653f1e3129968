import { createHash } from 'node:crypto';
import type { Statement } from 'better-sqlite3';
import { keyedHash } from '../../host/keyed-hash.js';
import type { OpenDatabase } from '../../host/sqlite.js';
import { keyText, type TableForm } from '../../host/table-form.js';
import type { Actor } from '../../kernel/actor.js';
import type { Logger } from '../../kernel/logger.js';
import { type StatedSet, stateDetail } from '../../kernel/stated-set.js';
import type { NewAuditEntry } from '../audit/audit-entry.js';

/** Digests of a row as it was written last. */
export interface SealedRow {
  /** Of the fields that the audit log states. */
  readonly firm: string;
  /** Of all fields. */
  readonly whole: string;
}

/** By table and key, with a space between. */
export type SealedRows = Map<string, SealedRow>;

/** The accounts themselves, when no caller stands behind a change. */
const accountsAlone: Actor = { actor: 'daemon', origin: 'schedule' };

/**
 * Knows every row that this program wrote into accounts.db, by keyed digests: in memory while it runs, and under a seal in the
 * file. Each entry of the audit log about accounts states the digest of the whole set, so that neither an older file nor an older
 * row counts after a restart. The log is in another file and comes first: after a kill in between it is one step ahead.
 */
export class AccountLedger {
  /** As the file, with transactions that carry the seals along. */
  readonly database: OpenDatabase;
  /** Entries about accounts, with the state of the set. */
  readonly audit: { append(entry: NewAuditEntry): unknown };
  readonly #file: OpenDatabase;
  readonly #log: { append(entry: NewAuditEntry): unknown };
  readonly #key: Uint8Array;
  readonly #box: string;
  readonly #logger: Logger;
  readonly #statements = new Map<string, Statement>();
  readonly #rows: SealedRows;
  /** The newest state in the log. */
  #stated: StatedSet;
  /** Digest of what is on the disk. */
  #stored: string;
  #digest: string | undefined;
  /** What undoes the present transaction, newest last. */
  #undo: (() => void)[] = [];
  #onForeign: (() => void) | undefined;

  constructor(
    file: OpenDatabase,
    options: {
      readonly key: Uint8Array;
      readonly box: string;
      readonly log: { append(entry: NewAuditEntry): unknown };
      readonly logger: Logger;
      readonly rows: SealedRows;
      /** The newest state in the log. */
      readonly stated: StatedSet;
    },
  ) {
    this.#file = file;
    this.#key = options.key;
    this.#box = options.box;
    this.#log = options.log;
    this.#logger = options.logger;
    this.#rows = options.rows;
    this.#stated = options.stated;
    this.#stored = this.#digestNow();
    this.database = { ...file, transaction: (work) => this.#transaction(work) };
    this.audit = { append: (entry) => this.#append(entry) };
  }

  get revision(): number {
    return this.#stated.revision;
  }

  /** Calls back soon after a row was read that this program did not write. */
  onForeign(listener: () => void): void {
    let isDue = false;
    this.#onForeign = () => {
      if (isDue) return;
      isDue = true;
      // Not within the present transaction.
      queueMicrotask(() => {
        try {
          if (this.#file.db.open) listener();
        } catch (error) {
          this.#logger.error('rows of the accounts that the box did not write could not be deleted', {
            error,
          });
        } finally {
          isDue = false;
        }
      });
    };
  }

  prepare<Given extends unknown[] = unknown[], Result = unknown>(sql: string): Statement<Given, Result> {
    const known = this.#statements.get(sql) ?? this.#file.db.prepare(sql);
    this.#statements.set(sql, known);
    return known as Statement<Given, Result>;
  }

  isTrusted<Row extends object>(form: TableForm<Row>, row: Row): boolean {
    if (form.isIdle?.(row) === true) return true;
    const known = this.#rows.get(placeOf(form, row));
    if (known?.whole === sealRow(form, row, { key: this.#key, box: this.#box }).whole) return true;
    this.#onForeign?.();
    return false;
  }

  /** Notes what was written. */
  seal<Row extends object>(form: TableForm<Row>, row: Row): void {
    const isIdle = form.isIdle?.(row) === true;
    this.#put(
      placeOf(form, row),
      isIdle ? undefined : sealRow(form, row, { key: this.#key, box: this.#box }),
    );
  }

  /** Notes that a row is gone. True if it was there. */
  forget<Row extends object>({ name }: TableForm<Row>, key: string | number | Uint8Array | null): boolean {
    const place = `${name} ${keyText(key)}`;
    const wasThere = this.#rows.has(place);
    this.#put(place, undefined);
    return wasThere;
  }

  /** Forgets the rows that are not in the file any more. Returns their number. */
  forgetAllBut(places: ReadonlySet<string>): number {
    const gone = [...this.#rows.keys()].filter((place) => !places.has(place));
    for (const place of gone) this.#put(place, undefined);
    return gone.length;
  }

  /** States the set in the log, whether it changed or not. */
  state(entry: NewAuditEntry = { by: accountsAlone, action: 'accounts.stated' }): void {
    this.database.transaction(() => this.#append(entry));
  }

  /** Writes the seals of all rows, whatever changed. */
  store(): void {
    this.#file.transaction(() => this.#write());
  }

  #transaction<T>(work: () => T): T {
    const isOutermost = !this.#file.db.inTransaction;
    const undoneFrom = this.#undo.length;
    try {
      const result = this.#file.transaction(() => {
        const value = work();
        if (isOutermost && this.#undo.length > 0) this.#settle();
        return value;
      });
      if (isOutermost) {
        this.#undo = [];
        this.#stored = this.#digestNow();
      }
      return result;
    } catch (error) {
      for (const undo of this.#undo.splice(undoneFrom).reverse()) undo();
      if (isOutermost) this.#takeBack();
      throw error;
    }
  }

  /** Before a transaction ends: the log states its result, and the file gets the seals. */
  #settle(): void {
    if (this.#digestNow() !== this.#stated.digest) {
      this.#append({ by: accountsAlone, action: 'accounts.stated' });
    }
    this.#write();
  }

  #write(): void {
    const content = JSON.stringify({
      box: this.#box,
      revision: this.#stated.revision,
      rows: [...this.#rows].map(([place, { firm, whole }]) => [place, firm, whole]),
    });
    const seal = sealOfSet(this.#key, this.#box, content);
    this.prepare('INSERT OR REPLACE INTO sealed (id, content, seal) VALUES (1, ?, ?)').run(content, seal);
  }

  #append(entry: NewAuditEntry): unknown {
    const digest = this.#digestNow();
    const next =
      digest === this.#stated.digest
        ? this.#stated
        : { revision: this.#stated.revision + 1, digest, before: this.#stored };
    const result = this.#log.append({ ...entry, details: { ...entry.details, ...stateDetail(next) } });
    this.#stated = next;
    return result;
  }

  /** The log may state what was undone. */
  #takeBack(): void {
    if (this.#digestNow() === this.#stated.digest) return;
    try {
      this.#append({ by: accountsAlone, action: 'accounts.stated' });
    } catch (error) {
      this.#logger.warn('the audit log is a step ahead of the accounts; the next change corrects it', {
        error,
      });
    }
  }

  #put(place: string, row: SealedRow | undefined): void {
    const before = this.#rows.get(place);
    const set = (value: SealedRow | undefined): void => {
      if (value === undefined) this.#rows.delete(place);
      else this.#rows.set(place, value);
    };
    set(row);
    const digest = this.#digest;
    if (before?.firm !== row?.firm) this.#digest = undefined;
    this.#undo.push(() => {
      set(before);
      this.#digest = digest;
    });
  }

  #digestNow(): string {
    this.#digest ??= digestOfRows(this.#rows);
    return this.#digest;
  }
}

/** The first state of a set, without any row. */
export const nothingStated: StatedSet = {
  revision: 0,
  digest: digestOfRows(new Map()),
  before: digestOfRows(new Map()),
};

/** The entry of the daemon itself when it opens the accounts. */
export const accountsAtStart: Actor = { actor: 'daemon', origin: 'start' };

/** A digest (32 hexadecimal digits) of all rows, without what changes with every use. */
export function digestOfRows(rows: SealedRows): string {
  const parts = [...rows].map(([place, { firm }]) => `${place} ${firm}`).sort();
  return createHash('sha256').update(parts.join('\n')).digest('hex').slice(0, 32);
}

/** Binds the box, the table, and each column by its name, its type and its value. */
export function sealRow<Row extends object>(
  form: TableForm<Row>,
  row: Row,
  { key, box }: { readonly key: Uint8Array; readonly box: string },
): SealedRow {
  const passing = new Set<string>(form.passing);
  const digest = (fields: readonly (keyof Row & string)[]): string =>
    keyedHash(key, 'account row', [
      ...[box, form.name],
      ...fields.flatMap((field) => [form.columns[field], ...typed(row[field])]),
    ])
      .toString('hex')
      .slice(0, 32);
  const fields = Object.keys(form.columns) as (keyof Row & string)[];
  return { firm: digest(fields.filter((field) => !passing.has(field))), whole: digest(fields) };
}

export function sealOfSet(key: Uint8Array, box: string, content: string): Buffer {
  return keyedHash(key, 'account set', [box, content]);
}

export function placeOf<Row extends object>({ name, key }: TableForm<Row>, row: Row): string {
  const value: unknown = row[key];
  return `${name} ${value instanceof Uint8Array ? keyText(value) : String(value)}`;
}

function typed(value: unknown): readonly (string | number | Uint8Array)[] {
  if (value === null || value === undefined) return ['null'];
  if (value instanceof Uint8Array) return ['blob', value];
  return typeof value === 'number' ? ['number', value] : ['text', String(value)];
}
