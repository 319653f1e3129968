import type { CommandScope } from '../contract/command-schema.js';

/** A key whose commands the box executes. */
export interface TrustedKey {
  /** A slug. */
  readonly issuerId: string;
  /** RFC 7638 thumbprint of the public key. */
  readonly keyId: string;
  readonly algorithm: 'EdDSA' | 'ES256';
  readonly publicKey: PublicJwk;
  readonly scopes: readonly CommandScope[];
  /** Wall clock, milliseconds since the epoch; trusted for ever where it is absent. */
  readonly notAfterMs?: number;
}

/** The public part of a key as RFC 7517 writes it: Ed25519 (RFC 8037) or P-256. */
export type PublicJwk =
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string }
  | { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string };

/** Where the keys of issuers are found. */
export interface TrustedKeys {
  find(keyId: string): TrustedKey | undefined;
}
