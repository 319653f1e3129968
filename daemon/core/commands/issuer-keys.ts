import { createPublicKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { z } from 'zod';
import { type CommandScope, commandScopes } from '../../contract/command-scopes.js';
import { present } from '../../kernel/present.js';
import { refusal } from '../../words/errors.js';
import type { KeptKey } from './grant-content.js';
import type { TrustStore } from './trust-store.js';

/** A key whose commands the box executes. */
export interface TrustedKey {
  /** A slug. */
  readonly issuerId: string;
  /** RFC 7638 thumbprint of the public key. */
  readonly keyId: string;
  readonly algorithm: 'EdDSA' | 'ES256';
  readonly publicKey: PublicJwk;
  readonly scopes: readonly CommandScope[];
  /** Wall clock, milliseconds since the epoch; absent: trusted without limit. */
  readonly notAfterMs?: number;
}

/** A public key as a JWK (RFC 7517): Ed25519 (RFC 8037) or P-256. */
export type PublicJwk =
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519'; readonly x: string }
  | { readonly kty: 'EC'; readonly crv: 'P-256'; readonly x: string; readonly y: string };

/** Finds the keys of issuers. */
export interface TrustedKeys {
  find(keyId: string): TrustedKey | undefined;
}

/** The keys of the trust store. */
export function storedKeys(store: Pick<TrustStore, 'find'>): TrustedKeys {
  return {
    find(keyId) {
      const kept = store.find(keyId);
      return kept && trustedKey(kept);
    },
  };
}

export function trustedKey({ keyId, issuerId, publicKey, scopes, notAfterMs }: KeptKey): TrustedKey {
  const jwk = publicJwkSchema.parse(JSON.parse(publicKey));
  return {
    keyId,
    issuerId,
    algorithm: jwk.kty === 'OKP' ? 'EdDSA' : 'ES256',
    publicKey: jwk,
    scopes: knownScopes(scopes.split(' ')),
    ...present({ notAfterMs: notAfterMs ?? undefined }),
  };
}

/** The known scopes in `words`; scopes of other releases are ignored. */
function knownScopes(words: readonly string[]): readonly CommandScope[] {
  return commandScopes.filter((scope) => words.includes(scope));
}

const jwkSchema = z.discriminatedUnion('kty', [
  z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() }),
  z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string() }),
]);

export const publicJwkSchema: z.ZodType<PublicJwk> = jwkSchema;

/** The public key of an issuer. */
export type IssuerKey = Pick<TrustedKey, 'keyId' | 'algorithm' | 'publicKey'>;

/**
 * Reads a public key from a JWK (RFC 7517), or from PEM of a SubjectPublicKeyInfo or of a certificate.
 * @throws `issuer-key-private`, `issuer-key-unreadable`, `issuer-key-unsupported`
 */
export async function readIssuerKey(text: string): Promise<IssuerKey> {
  const jwk = parseJwk(text);
  // A private key could be read, too. But everyone who can read this file could command the box with it.
  if (/PRIVATE KEY/.test(text) || (jwk !== undefined && 'd' in jwk)) {
    throw refusal('issuer-key-private');
  }
  const exported = jwkSchema.safeParse(importKey(text, jwk).export({ format: 'jwk' }));
  if (!exported.success) {
    throw refusal('issuer-key-unsupported');
  }
  const publicKey = exported.data;
  const keyId = await calculateJwkThumbprint({ ...publicKey }, 'sha256');
  return { keyId, algorithm: publicKey.kty === 'OKP' ? 'EdDSA' : 'ES256', publicKey };
}

function importKey(text: string, jwk: object | undefined): KeyObject {
  try {
    return jwk === undefined ? createPublicKey(text) : createPublicKey({ key: { ...jwk }, format: 'jwk' });
  } catch (error) {
    throw refusal('issuer-key-unreadable', {}, { cause: error });
  }
}

function parseJwk(text: string): object | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? parsed : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
