import { calculateJwkThumbprint } from 'jose';

/** The public half of an Ed25519 key: verifies signatures (RFC 8037). */
export interface VerifyingKey {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  /** 32 bytes, base64url. */
  readonly x: string;
}

/** The public half of an X25519 key: messages are sealed to it (RFC 8037). */
export interface SealingKey {
  readonly kty: 'OKP';
  readonly crv: 'X25519';
  /** 32 bytes, base64url. */
  readonly x: string;
}

/** The id of a key: its RFC 7638 thumbprint with SHA-256, base64url. */
export function keyIdOf({ kty, crv, x }: VerifyingKey | SealingKey): Promise<string> {
  return calculateJwkThumbprint({ kty, crv, x }, 'sha256');
}

/** Bytes that are shown: it is infeasible to make another key with the same 16. */
const shownBytes = 16;

/** The beginning of a key id for people to compare: eight groups of four hexadecimal digits. */
export function fingerprintOf(keyId: string): string {
  const hex = Buffer.from(keyId, 'base64url').subarray(0, shownBytes).toString('hex');
  return (hex.match(/.{4}/g) ?? []).join(' ');
}
