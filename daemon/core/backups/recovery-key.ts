import { createHash } from 'node:crypto';
import { type KeyPair, newKeyPair, publicKeyOf } from '../../host/sealed-box.js';

/**
 * The key pair of backups. The public half is on the box and only makes backups. The secret half is kept off the box and opens
 * them. X25519, 32 bytes each.
 */
export type RecoveryKey = KeyPair;

/** A new pair. The caller wipes the secret half once it is written down. */
export function newRecoveryKey(): RecoveryKey {
  return newKeyPair();
}

/** Both halves from the secret one. */
export function recoveryKeyOf(secretKey: Uint8Array): RecoveryKey {
  return { publicKey: publicKeyOf(secretKey), secretKey };
}

/** Public id of a recovery key: the first 8 bytes of the SHA-256 of its public half, hexadecimal. */
export function recoveryKeyId(publicKey: Uint8Array): string {
  return createHash('sha256').update(publicKey).digest('hex').slice(0, 16);
}
