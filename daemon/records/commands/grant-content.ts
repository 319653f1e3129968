import type { OpenDatabase } from '../../host/sqlite.js';
import { explained } from '../explained.js';
import type { Grant } from './grant-seal.js';

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

export function keyGrant(key: KeptKey): Grant {
  const { keyId, issuerId, algorithm, publicKey, scopes, addedAtMs, notAfterMs } = key;
  const content = JSON.stringify({ issuerId, algorithm, publicKey, scopes, addedAtMs, notAfterMs });
  return { kind: 'trusted-key', id: keyId, content };
}

/** The inverse; the grant was sealed by this program. */
export function keptKeyOf({ id, content }: Grant): KeptKey {
  return { keyId: id, ...(JSON.parse(content) as Omit<KeptKey, 'keyId'>) };
}

export function switchGrant(cameraId: string, isEnabled: boolean): Grant {
  return { kind: 'camera-switch', id: cameraId, content: JSON.stringify({ isEnabled }) };
}

/** The inverse; the grant was sealed by this program. */
export function isSwitchedOn({ content }: Grant): boolean {
  return (JSON.parse(content) as { readonly isEnabled: boolean }).isEnabled;
}

/** Rows from before grants were sealed. To be called in a transaction. */
export function formerGrantsOf(database: OpenDatabase): {
  readonly grants: readonly Grant[];
  forget(): void;
} {
  const { db } = database;
  const keys = db.prepare<[], KeptKey>(
    `SELECT key_id AS keyId, issuer_id AS issuerId, algorithm, public_key AS publicKey, scopes,
            added_at_ms AS addedAtMs, not_after_ms AS notAfterMs
     FROM trusted_key ORDER BY issuer_id, added_at_ms, key_id`,
  );
  const switches = db.prepare<[], { readonly id: string; readonly isEnabled: number }>(
    'SELECT camera_id AS id, is_enabled AS isEnabled FROM camera_switch ORDER BY camera_id',
  );
  return explained(database, () => ({
    grants: [
      ...keys.all().map(keyGrant),
      ...switches.all().map(({ id, isEnabled }) => switchGrant(id, isEnabled === 1)),
    ],
    forget: () => void db.exec('DELETE FROM trusted_key; DELETE FROM camera_switch;'),
  }));
}
