import type { TableForm } from '../../host/table-form.js';
import type { AccountLedger } from './account-ledger.js';
import { SealedTable } from './sealed-table.js';

/** A passkey as it is stored. */
export interface PasskeyRow {
  readonly id: string;
  /** Base64url. */
  readonly credentialId: string;
  readonly userId: string;
  readonly name: string;
  /** COSE (RFC 9052). */
  readonly publicKey: Uint8Array;
  readonly counter: number;
  /** A JSON array of texts: how a browser may reach the authenticator. */
  readonly transports: string;
  readonly createdAtMs: number;
  readonly lastUsedAtMs: number | null;
}

export const passkeyTable: TableForm<PasskeyRow> = {
  name: 'passkey',
  key: 'id',
  columns: {
    id: 'id',
    credentialId: 'credential_id',
    userId: 'user_id',
    name: 'name',
    publicKey: 'public_key',
    counter: 'counter',
    transports: 'transports',
    createdAtMs: 'created_at_ms',
    lastUsedAtMs: 'last_used_at_ms',
  },
  passing: ['counter', 'lastUsedAtMs'],
};

/** Passkeys in accounts.db. Changes run in a transaction of the caller. */
export class PasskeysStore {
  readonly #passkeys: SealedTable<PasskeyRow>;

  constructor(ledger: AccountLedger) {
    this.#passkeys = new SealedTable(ledger, passkeyTable);
  }

  byCredential(credentialId: string): PasskeyRow | undefined {
    return this.#passkeys.one('WHERE credential_id = ?', credentialId);
  }

  /** Oldest first. */
  ofUser(userId: string): readonly PasskeyRow[] {
    return this.#passkeys.all('WHERE user_id = ? ORDER BY created_at_ms, id', userId);
  }

  insert(row: PasskeyRow): void {
    this.#passkeys.insert(row);
  }

  used(id: string, counter: number, lastUsedAtMs: number): void {
    this.#passkeys.change(id, { counter, lastUsedAtMs });
  }

  /** The number of passkeys that were removed: 0 or 1. */
  remove(userId: string, id: string): number {
    return this.#passkeys.remove('WHERE user_id = ? AND id = ?', userId, id);
  }

  removeOfUser(userId: string): void {
    this.#passkeys.remove('WHERE user_id = ?', userId);
  }
}
