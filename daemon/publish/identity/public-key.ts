import { calculateJwkThumbprint } from 'jose';

/** The public part of an Ed25519 key: what a signature is verified with (RFC 8037). */
export interface VerifyingKey {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  /** 32 bytes, base64url. */
  readonly x: string;
}

/** The public part of an X25519 key: what something is sealed to (RFC 8037). */
export interface SealingKey {
  readonly kty: 'OKP';
  readonly crv: 'X25519';
  /** 32 bytes, base64url. */
  readonly x: string;
}

/** The name of a key everywhere: its RFC 7638 thumbprint with SHA-256, base64url. */
export function keyIdOf({ kty, crv, x }: VerifyingKey | SealingKey): Promise<string> {
  return calculateJwkThumbprint({ kty, crv, x }, 'sha256');
}
