import sodium from 'sodium-native';
import { bufferView } from './buffer-view.js';
import { secretBytes } from './sodium.js';

/** Bytes of an X25519 public key. */
export const PUBLIC_KEY_BYTES = 32;
/** Bytes of an X25519 secret key. */
export const SECRET_KEY_BYTES = 32;
/** Bytes that sealing adds to a message. */
export const SEAL_OVERHEAD_BYTES = 48;

export interface KeyPair {
  readonly publicKey: Uint8Array;
  /** In guarded memory; the caller wipes it. */
  readonly secretKey: Uint8Array;
}

/** A new X25519 key pair. */
export function newKeyPair(): KeyPair {
  const publicKey = Buffer.alloc(PUBLIC_KEY_BYTES);
  const secretKey = secretBytes(SECRET_KEY_BYTES);
  sodium.crypto_box_keypair(publicKey, bufferView(secretKey));
  return { publicKey, secretKey };
}

/** The public key that belongs to `secretKey`. */
export function publicKeyOf(secretKey: Uint8Array): Uint8Array {
  const publicKey = Buffer.alloc(PUBLIC_KEY_BYTES);
  sodium.crypto_scalarmult_base(publicKey, bufferView(secretKey));
  return publicKey;
}

/**
 * Encrypts a message so that only the holder of the secret key can open it, not even the sender (crypto_box_seal: X25519 with
 * an ephemeral key, XSalsa20-Poly1305). It does not authenticate the sender. Undefined for an unsafe `publicKey`: libsodium
 * refuses points of low order, which would reveal the secret.
 */
export function sealTo(publicKey: Uint8Array, message: Uint8Array): Uint8Array | undefined {
  const box = Buffer.alloc(message.length + SEAL_OVERHEAD_BYTES);
  try {
    sodium.crypto_box_seal(box, bufferView(message), bufferView(publicKey));
    return box;
  } catch (error) {
    if (error instanceof Error && error.message === 'status: -1') return undefined;
    throw error;
  }
}

/**
 * The message in `box`, in guarded memory; the caller wipes it. Undefined where the box was sealed to another key or was
 * altered.
 */
export function openSealed({ publicKey, secretKey }: KeyPair, box: Uint8Array): Uint8Array | undefined {
  if (box.length < SEAL_OVERHEAD_BYTES) return undefined;
  const message = secretBytes(box.length - SEAL_OVERHEAD_BYTES);
  const isOpen = sodium.crypto_box_seal_open(
    bufferView(message),
    bufferView(box),
    bufferView(publicKey),
    bufferView(secretKey),
  );
  return isOpen ? message : undefined;
}
