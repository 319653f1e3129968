import type { Grant } from '../records/seals/grant-seal.js';

/** A stored key of an issuer. The verification of commands interprets the fields. */
export interface KeptKey {
  readonly keyId: string;
  readonly issuerId: string;
  readonly algorithm: string;
  /** JSON. */
  readonly publicKey: string;
  /** Separated by spaces. */
  readonly scopes: string;
  /** Wall clock, milliseconds since the epoch. */
  readonly addedAtMs: number;
  /** Null: no expiry. */
  readonly notAfterMs: number | null;
}

export function keyGrant(key: KeptKey): Grant {
  const { keyId, issuerId, algorithm, publicKey, scopes, addedAtMs, notAfterMs } = key;
  const content = JSON.stringify({ issuerId, algorithm, publicKey, scopes, addedAtMs, notAfterMs });
  return { kind: 'trusted-key', id: keyId, content };
}

/** The grant must be sealed by this program: its content is not validated. */
export function keptKeyOf({ id, content }: Grant): KeptKey {
  return { keyId: id, ...(JSON.parse(content) as Omit<KeptKey, 'keyId'>) };
}

export function switchGrant(cameraId: string, isEnabled: boolean): Grant {
  return { kind: 'camera-switch', id: cameraId, content: JSON.stringify({ isEnabled }) };
}

/** The grant must be sealed by this program: its content is not validated. */
export function isSwitchedOn({ content }: Grant): boolean {
  return (JSON.parse(content) as { readonly isEnabled: boolean }).isEnabled;
}
