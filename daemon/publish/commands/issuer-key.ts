import { createPublicKey, type KeyObject } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { z } from 'zod';
import { badInput } from '../../base/errors.js';
import type { PublicJwk, TrustedKey } from './trusted-keys.js';

const jwkSchema = z.discriminatedUnion('kty', [
  z.object({ kty: z.literal('OKP'), crv: z.literal('Ed25519'), x: z.string() }),
  z.object({ kty: z.literal('EC'), crv: z.literal('P-256'), x: z.string(), y: z.string() }),
]);

export const publicJwkSchema: z.ZodType<PublicJwk> = jwkSchema;

/** A key as an issuer hands it over. */
export type IssuerKey = Pick<TrustedKey, 'keyId' | 'algorithm' | 'publicKey'>;

/**
 * Reads a public key: a JWK (RFC 7517), or PEM of its SubjectPublicKeyInfo or of a certificate.
 * @throws `issuer-key-private`, `issuer-key-unreadable`, `issuer-key-unsupported`
 */
export async function readIssuerKey(text: string): Promise<IssuerKey> {
  const jwk = parseJwk(text);
  // A private key would be understood, too: but whoever can read it here can command the box.
  if (/PRIVATE KEY/.test(text) || (jwk !== undefined && 'd' in jwk)) {
    throw badInput('issuer-key-private', 'that is the private key of the issuer', {
      remedy:
        'hand over the public key only, and have the issuer make a new pair: this one has been given away',
    });
  }
  const exported = jwkSchema.safeParse(importKey(text, jwk).export({ format: 'jwk' }));
  if (!exported.success) {
    throw badInput('issuer-key-unsupported', 'the key is of a kind that signs no commands', {
      remedy: 'use an Ed25519 key or one on the curve P-256',
    });
  }
  const publicKey = exported.data;
  const keyId = await calculateJwkThumbprint({ ...publicKey }, 'sha256');
  return { keyId, algorithm: publicKey.kty === 'OKP' ? 'EdDSA' : 'ES256', publicKey };
}

function importKey(text: string, jwk: object | undefined): KeyObject {
  try {
    return jwk === undefined ? createPublicKey(text) : createPublicKey({ key: { ...jwk }, format: 'jwk' });
  } catch (error) {
    throw badInput('issuer-key-unreadable', 'there is no public key in the file', {
      remedy: 'give a JWK, or PEM that begins with "-----BEGIN PUBLIC KEY-----"',
      cause: error,
    });
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
