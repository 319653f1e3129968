import { encodePlace, type FieldPlace } from './field-place.js';
import type { Sodium } from './sodium.js';

/** Version of the layout below and of the associated data. */
export const FIELD_FORMAT = 1;

/** Bytes of a key's public identifier. */
export const KEY_ID_BYTES = 8;

const NONCE_BYTES = 24;
const TAG_BYTES = 16;
const NONCE_OFFSET = 1 + KEY_ID_BYTES;
const BODY_OFFSET = NONCE_OFFSET + NONCE_BYTES;

/** How much longer a sealed field is than what it holds. */
export const SEAL_OVERHEAD_BYTES = BODY_OFFSET + TAG_BYTES;

/** The key a field is sealed under. `id` is hexadecimal and public. */
export interface SealingKey {
  readonly id: string;
  /** 32 bytes. */
  readonly bytes: Uint8Array;
}

/**
 * Seals `plaintext` for `place` with XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha). The nonce is random: 192 bits
 * are enough for any number of fields under one key. Layout: format version (1 byte), key id (8), nonce (24),
 * ciphertext with its tag (16).
 */
export function sealField(
  sodium: Sodium,
  key: SealingKey,
  place: FieldPlace,
  plaintext: Uint8Array,
): Uint8Array {
  const nonce = sodium.randombytes_buf(NONCE_BYTES);
  const body = sodium.crypto_aead_xchacha20poly1305_ietf_encrypt(
    plaintext,
    encodePlace(FIELD_FORMAT, key.id, place),
    null,
    nonce,
    key.bytes,
  );
  const sealed = new Uint8Array(BODY_OFFSET + body.length);
  sealed[0] = FIELD_FORMAT;
  sealed.set(sodium.from_hex(key.id), 1);
  sealed.set(nonce, NONCE_OFFSET);
  sealed.set(body, BODY_OFFSET);
  return sealed;
}

/**
 * What was sealed; undefined where any byte was altered, the value was moved from another place, or the key is
 * another one. Which of these it was cannot be told, on purpose.
 */
export function openField(
  sodium: Sodium,
  key: SealingKey,
  place: FieldPlace,
  sealed: Uint8Array,
): Uint8Array | undefined {
  if (sealed.length < SEAL_OVERHEAD_BYTES || sealed[0] !== FIELD_FORMAT) return undefined;
  if (sodium.to_hex(sealed.subarray(1, NONCE_OFFSET)) !== key.id) return undefined;
  try {
    return sodium.crypto_aead_xchacha20poly1305_ietf_decrypt(
      null,
      sealed.subarray(BODY_OFFSET),
      encodePlace(FIELD_FORMAT, key.id, place),
      sealed.subarray(NONCE_OFFSET, BODY_OFFSET),
      key.bytes,
    );
  } catch (error) {
    // A failed tag is a plain Error; a TypeError or anything else is a mistake of ours or exhausted memory.
    if (error instanceof Error && !(error instanceof TypeError)) return undefined;
    throw error;
  }
}
