import { randomFillSync, timingSafeEqual } from 'node:crypto';
import sodium from 'sodium-native';
import { bufferView } from './buffer-view.js';

/** Bytes of a key: of XChaCha20-Poly1305, subkeys and key-encryption keys. */
export const KEY_BYTES = 32;
export const NONCE_BYTES = 24;
export const TAG_BYTES = 16;

/**
 * Guarded memory for a long-lived key: between guard pages, locked against swapping, not in core dumps, filled with 0xdb. It
 * takes several pages, so do not use it for thousands of keys.
 */
export function secretBytes(size: number): Uint8Array {
  return sodium.sodium_malloc(size);
}

/** Overwrites bytes with zeros; the compiler cannot optimise this away. */
export function wipe(bytes: Uint8Array): void {
  if (bytes.length > 0) sodium.sodium_memzero(bufferView(bytes));
}

export function fillRandomly(bytes: Uint8Array): void {
  randomFillSync(bytes);
}

/** New random bytes in ordinary memory. */
export function newRandomBytes(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  randomFillSync(bytes);
  return bytes;
}

/** Compares in constant time. False for different lengths. */
export function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Ciphertext and tag (XChaCha20-Poly1305, draft-irtf-cfrg-xchacha), `plaintext.length + TAG_BYTES` long. */
export function encrypt(
  key: Uint8Array,
  nonce: Uint8Array,
  plaintext: Uint8Array,
  associatedData: Uint8Array,
): Uint8Array {
  const ciphertext = Buffer.allocUnsafeSlow(plaintext.length + TAG_BYTES);
  sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
    ciphertext,
    bufferView(plaintext),
    bufferView(associatedData),
    null,
    bufferView(nonce),
    bufferView(key),
  );
  return ciphertext;
}

/** The inverse of `encrypt`; undefined where key, nonce, ciphertext or associated data differ from the encryption. */
export function decrypt(
  key: Uint8Array,
  nonce: Uint8Array,
  ciphertext: Uint8Array,
  associatedData: Uint8Array,
): Uint8Array | undefined {
  if (ciphertext.length < TAG_BYTES) return undefined;
  const plaintext = Buffer.allocUnsafeSlow(ciphertext.length - TAG_BYTES);
  try {
    sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
      plaintext,
      null,
      bufferView(ciphertext),
      bufferView(associatedData),
      bufferView(nonce),
      bufferView(key),
    );
    return plaintext;
  } catch (error) {
    // The binding's message for failed authentication. Other errors are defects of the program, such as wrong sizes.
    if (error instanceof Error && error.message === 'could not verify data') return undefined;
    throw error;
  }
}

/**
 * Writes subkey number `subkey` of `key` into `target`, 16 to 64 bytes (crypto_kdf: keyed BLAKE2b). `context` has 8
 * characters; each use has its own.
 */
export function deriveSubkey(target: Uint8Array, key: Uint8Array, subkey: number, context: string): void {
  sodium.crypto_kdf_derive_from_key(
    bufferView(target),
    subkey,
    Buffer.from(context, 'latin1'),
    bufferView(key),
  );
}

/** The cost of Argon2id (RFC 9106): passes over the memory, and its size. */
export interface PassphraseCost {
  readonly passes: number;
  readonly memoryBytes: number;
}

export const SALT_BYTES = 16;

/** Derives a key of `KEY_BYTES` from a passphrase by Argon2id (RFC 9106) in another thread. The caller wipes it. */
export function hashPassphrase(
  passphrase: Uint8Array,
  salt: Uint8Array,
  { passes, memoryBytes }: PassphraseCost,
): Promise<Uint8Array> {
  const key = secretBytes(KEY_BYTES);
  return new Promise((resolve, reject) => {
    sodium.crypto_pwhash_async(
      bufferView(key),
      bufferView(passphrase),
      bufferView(salt),
      passes,
      memoryBytes,
      sodium.crypto_pwhash_ALG_ARGON2ID13,
      (error) => (error === null ? resolve(key) : reject(error)),
    );
  });
}
