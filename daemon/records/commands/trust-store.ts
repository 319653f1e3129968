import type { OpenDatabase } from '../../host/sqlite.js';
import { explained } from '../explained.js';

/** A key of an issuer as it is kept. What the fields mean is for those who check commands to know. */
export interface KeptKey {
  readonly keyId: string;
  readonly issuerId: string;
  readonly algorithm: string;
  /** JSON. */
  readonly publicKey: string;
  /** With blanks between. */
  readonly scopes: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly addedAtMs: number;
  /** Null: trusted for ever. */
  readonly notAfterMs: number | null;
}

/** Whose commands the box executes: kept with what happened, so that it is there while the gallery is sealed. */
export interface TrustStore {
  /** By issuer, then in order of their addition. */
  list(): readonly KeptKey[];
  find(keyId: string): KeptKey | undefined;
  /** False where the box trusts that key already. `alongside` is done only where it is added, before that is on the disk. */
  add(key: KeptKey, alongside: () => void): boolean;
  /** Forgets all keys of an issuer, or one of them; how many they were. `alongside` as above. */
  remove(issuerId: string, keyId: string | undefined, alongside: (count: number) => void): number;
}

const columns = `key_id AS keyId, issuer_id AS issuerId, algorithm, public_key AS publicKey, scopes,
                 added_at_ms AS addedAtMs, not_after_ms AS notAfterMs`;

export function trustStoreOf(database: OpenDatabase): TrustStore {
  const { db } = database;
  const all = db.prepare<[], KeptKey>(
    `SELECT ${columns} FROM trusted_key ORDER BY issuer_id, added_at_ms, key_id`,
  );
  const one = db.prepare<[string], KeptKey>(`SELECT ${columns} FROM trusted_key WHERE key_id = ?`);
  const insert = db.prepare<[KeptKey]>(`
    INSERT INTO trusted_key (key_id, issuer_id, algorithm, public_key, scopes, added_at_ms, not_after_ms)
    VALUES (@keyId, @issuerId, @algorithm, @publicKey, @scopes, @addedAtMs, @notAfterMs)
    ON CONFLICT DO NOTHING`);
  const remove = db.prepare<[string, string | null, string | null]>(
    'DELETE FROM trusted_key WHERE issuer_id = ? AND (? IS NULL OR key_id = ?)',
  );
  return {
    list: () => explained(database, () => all.all()),
    find: (keyId) => explained(database, () => one.get(keyId)),
    add: (key, alongside) =>
      database.transaction(() => {
        const isNew = insert.run(key).changes === 1;
        if (isNew) alongside();
        return isNew;
      }),
    remove: (issuerId, keyId = undefined, alongside) =>
      database.transaction(() => {
        const count = remove.run(issuerId, keyId ?? null, keyId ?? null).changes;
        if (count > 0) alongside(count);
        return count;
      }),
  };
}
