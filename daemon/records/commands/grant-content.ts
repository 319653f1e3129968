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
