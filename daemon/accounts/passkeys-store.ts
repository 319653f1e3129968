import type { OpenDatabase } from '../host/sqlite.js';

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

const selected = `id, credential_id AS credentialId, user_id AS userId, name, public_key AS publicKey, counter, transports,
  created_at_ms AS createdAtMs, last_used_at_ms AS lastUsedAtMs`;

/** Passkeys in accounts.db. Changes run in a transaction of the caller. */
export class PasskeysStore {
  readonly #db: OpenDatabase['db'];

  constructor({ db }: OpenDatabase) {
    this.#db = db;
  }

  byCredential(credentialId: string): PasskeyRow | undefined {
    return this.#db
      .prepare<[string], PasskeyRow>(`SELECT ${selected} FROM passkey WHERE credential_id = ?`)
      .get(credentialId);
  }

  /** Oldest first. */
  ofUser(userId: string): readonly PasskeyRow[] {
    return this.#db
      .prepare<[string], PasskeyRow>(
        `SELECT ${selected} FROM passkey WHERE user_id = ? ORDER BY created_at_ms, id`,
      )
      .all(userId);
  }

  insert(row: PasskeyRow): void {
    this.#db
      .prepare(
        `INSERT INTO passkey (id, credential_id, user_id, name, public_key, counter, transports, created_at_ms)
         VALUES (@id, @credentialId, @userId, @name, @publicKey, @counter, @transports, @createdAtMs)`,
      )
      .run(row);
  }

  used(id: string, counter: number, atMs: number): void {
    this.#db
      .prepare('UPDATE passkey SET counter = ?, last_used_at_ms = ? WHERE id = ?')
      .run(counter, atMs, id);
  }

  /** The number of passkeys that were removed: 0 or 1. */
  remove(userId: string, id: string): number {
    return this.#db.prepare('DELETE FROM passkey WHERE user_id = ? AND id = ?').run(userId, id).changes;
  }

  removeOfUser(userId: string): void {
    this.#db.prepare('DELETE FROM passkey WHERE user_id = ?').run(userId);
  }
}
