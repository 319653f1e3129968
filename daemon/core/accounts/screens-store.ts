import type { TableForm } from '../../host/table-form.js';
import type { AccountLedger } from './account-ledger.js';
import { SealedTable } from './sealed-table.js';

/** A browser that shows the prompts of one camera. Before it is paired it has `pairing`, then `token`: hashes. */
export interface ScreenRow {
  readonly id: string;
  readonly camera: string;
  readonly label: string;
  readonly createdBy: string;
  readonly createdAtMs: number;
  readonly pairing: Uint8Array | null;
  readonly token: Uint8Array | null;
  readonly pairedAtMs: number | null;
  /** Of the pairing secret, then of the cookie. */
  readonly expiresAtMs: number;
  readonly lastSeenAtMs: number | null;
  readonly address: string | null;
  readonly agent: string | null;
}

export const screenTable: TableForm<ScreenRow> = {
  name: 'screen',
  key: 'id',
  columns: {
    id: 'id',
    camera: 'camera',
    label: 'label',
    createdBy: 'created_by',
    createdAtMs: 'created_at_ms',
    pairing: 'pairing',
    token: 'token',
    pairedAtMs: 'paired_at_ms',
    expiresAtMs: 'expires_at_ms',
    lastSeenAtMs: 'last_seen_at_ms',
    address: 'address',
    agent: 'agent',
  },
  passing: ['lastSeenAtMs'],
};

/** Screens in accounts.db. Changes run in a transaction of the caller. */
export class ScreensStore {
  readonly #screens: SealedTable<ScreenRow>;

  constructor(ledger: AccountLedger) {
    this.#screens = new SealedTable(ledger, screenTable);
  }

  /** Newest first. */
  list(): readonly ScreenRow[] {
    return this.#screens.all('ORDER BY created_at_ms DESC, id DESC');
  }

  byId(id: string): ScreenRow | undefined {
    return this.#screens.one('WHERE id = ?', id);
  }

  byPairing(hash: Uint8Array): ScreenRow | undefined {
    return this.#screens.one('WHERE pairing = ?', hash);
  }

  byToken(hash: Uint8Array): ScreenRow | undefined {
    return this.#screens.one('WHERE token = ?', hash);
  }

  insert(row: ScreenRow): void {
    this.#screens.insert(row);
  }

  pair({
    id,
    ...paired
  }: Pick<ScreenRow, 'id' | 'token' | 'pairedAtMs' | 'expiresAtMs' | 'address' | 'agent'>): void {
    this.#screens.change(id, { ...paired, pairing: null, lastSeenAtMs: paired.pairedAtMs });
  }

  seen(id: string, lastSeenAtMs: number): void {
    this.#screens.change(id, { lastSeenAtMs });
  }

  remove(id: string): void {
    this.#screens.remove('WHERE id = ?', id);
  }

  sweep(nowMs: number): void {
    this.#screens.remove('WHERE expires_at_ms <= ?', nowMs);
  }
}
