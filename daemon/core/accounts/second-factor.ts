import { generateSecret, generateURI, verifySync } from 'otplib';
import { decrypt, encrypt, NONCE_BYTES, newRandomBytes } from '../../host/sodium.js';

/** Length of a time step of RFC 6238, seconds. */
const stepS = 30;
const codeForm = /^\d{6}$/;

/** A new secret for an authenticator, Base32 of 160 bits. */
export function newAuthenticatorSecret(): string {
  return generateSecret();
}

/** The `otpauth://` address of a secret, for a QR code. */
export function authenticatorUri(secret: string, userName: string, site: string): string {
  return generateURI({ issuer: `rollcall ${site}`, label: userName, secret });
}

/** Seals the secret of an authenticator, bound to its user: a row that is copied to another user does not open. */
export function sealSecret(key: Uint8Array, userId: string, secret: string): Uint8Array {
  const nonce = newRandomBytes(NONCE_BYTES);
  return Buffer.concat([nonce, encrypt(key, nonce, Buffer.from(secret, 'ascii'), associatedData(userId))]);
}

/** The inverse of `sealSecret`; undefined if it was sealed with another key, for another user, or altered. */
export function openSecret(key: Uint8Array, userId: string, sealed: Uint8Array): string | undefined {
  const opened = decrypt(
    key,
    sealed.subarray(0, NONCE_BYTES),
    sealed.subarray(NONCE_BYTES),
    associatedData(userId),
  );
  return opened && Buffer.from(opened).toString('ascii');
}

/**
 * The time step of a code that is right now, or was one step ago, or will be in one step (clocks differ); undefined for any other
 * text and for steps up to `lastStep`: each code works once.
 */
export function stepOfCode(
  secret: string,
  code: string,
  lastStep: number,
  wallMs: number,
): number | undefined {
  const plain = code.replaceAll(' ', '');
  if (!codeForm.test(plain)) return undefined;
  const epoch = Math.floor(wallMs / 1000);
  const result = verifySync({ secret, token: plain, epoch, epochTolerance: stepS });
  if (!result.valid) return undefined;
  const step = Math.floor(epoch / stepS) + result.delta;
  return step > lastStep ? step : undefined;
}

function associatedData(userId: string): Uint8Array {
  return Buffer.from(`rollcall authenticator 1\n${userId}`, 'utf8');
}
