import { decrypt, encrypt, NONCE_BYTES, newRandomBytes, TAG_BYTES } from '../../host/sodium.js';
import { encodePlace, type FieldPlace } from './field-place.js';

/** Version of the layout below and of the associated data. */
export const FIELD_FORMAT = 2;

const BODY_OFFSET = 1 + NONCE_BYTES;

/** Difference between the sizes of a sealed field and of its plaintext. */
export const SEAL_OVERHEAD_BYTES = BODY_OFFSET + TAG_BYTES;

/** A key that seals fields. The id is public. The code that created or unwrapped the bytes wipes them. */
export interface SealingKey {
  readonly id: string;
  /** 32 bytes. */
  readonly bytes: Uint8Array;
}

/**
 * Seals `plaintext` for `place` with XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha). The nonce is random: 192 bits are
 * enough for any number of fields under one key. Layout: format version (1 byte), nonce (24), ciphertext with its tag (16).
 */
export function sealField(key: SealingKey, place: FieldPlace, plaintext: Uint8Array): Uint8Array {
  const nonce = newRandomBytes(NONCE_BYTES);
  const body = encrypt(key.bytes, nonce, plaintext, encodePlace(FIELD_FORMAT, key.id, place));
  const sealed = Buffer.allocUnsafeSlow(BODY_OFFSET + body.length);
  sealed[0] = FIELD_FORMAT;
  sealed.set(nonce, 1);
  sealed.set(body, BODY_OFFSET);
  return sealed;
}

/**
 * The plaintext; undefined if a byte was altered, the value comes from another place, or the key is another one. By design the
 * result does not show which. The caller wipes the plaintext.
 */
export function openField(key: SealingKey, place: FieldPlace, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < SEAL_OVERHEAD_BYTES || sealed[0] !== FIELD_FORMAT) return undefined;
  return decrypt(
    key.bytes,
    sealed.subarray(1, BODY_OFFSET),
    sealed.subarray(BODY_OFFSET),
    encodePlace(FIELD_FORMAT, key.id, place),
  );
}
