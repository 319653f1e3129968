import { areEqual, deriveSubkey, KEY_BYTES, secretBytes, wipe } from '../../../host/sodium.js';
import { defect } from '../../../kernel/errors.js';
import type { FieldPlace } from '../field-place.js';
import { openField, type SealingKey, sealField } from '../sealing.js';
import { keyIdOf } from './key-id.js';

/** Context and numbers of the subkeys (crypto_kdf). Never use them for another purpose. Number 3 is the id (key-id.ts). */
const KDF_CONTEXT = 'rcgallry';
const CHECK_SUBKEY = 2;
const WRAPPING_SUBKEY = 4;

/**
 * The key-encryption key (KEK) of a gallery. It encrypts only data keys and, during a rotation, the other KEK. It lives in guarded
 * memory; disposal wipes it.
 */
export class KeyEncryptionKey implements Disposable {
  /** Public identifier, hexadecimal. Reveals nothing about the key. */
  readonly id: string;
  readonly #key = secretBytes(KEY_BYTES);
  readonly #wrapping: SealingKey;
  #isDisposed = false;

  /** Copies `kek`, 32 bytes. The caller wipes its own copy. */
  constructor(kek: Uint8Array) {
    if (kek.length !== KEY_BYTES) throw defect('key-size', `a key has ${KEY_BYTES} bytes, not ${kek.length}`);
    this.#key.set(kek);
    this.id = keyIdOf(kek);
    this.#wrapping = { id: this.id, bytes: secretBytes(KEY_BYTES) };
    deriveSubkey(this.#wrapping.bytes, this.#key, WRAPPING_SUBKEY, KDF_CONTEXT);
  }

  /** A value to store beside the data. It distinguishes a wrong key from damaged data and reveals nothing about the key. */
  checkValue(): Uint8Array {
    this.#assertUsable();
    const value = new Uint8Array(32);
    deriveSubkey(value, this.#key, CHECK_SUBKEY, KDF_CONTEXT);
    return value;
  }

  hasCheckValue(stored: Uint8Array): boolean {
    return areEqual(stored, this.checkValue());
  }

  /** Seals a key (or an empty value, as a proof) for its place. */
  wrap(place: FieldPlace, key: Uint8Array): Uint8Array {
    this.#assertUsable();
    return sealField(this.#wrapping, place, key);
  }

  /** The inverse of `wrap`; undefined if the value was altered, moved or wrapped by another key. The caller wipes the result. */
  unwrap(place: FieldPlace, wrapped: Uint8Array): Uint8Array | undefined {
    this.#assertUsable();
    return openField(this.#wrapping, place, wrapped);
  }

  /** A copy of the key itself, for a backup and for the other key of a rotation. The caller wipes it. */
  copy(): Uint8Array {
    this.#assertUsable();
    const copy = secretBytes(KEY_BYTES);
    copy.set(this.#key);
    return copy;
  }

  [Symbol.dispose](): void {
    this.#isDisposed = true;
    wipe(this.#key);
    wipe(this.#wrapping.bytes);
  }

  #assertUsable(): void {
    if (this.#isDisposed) throw defect('key-disposed', 'a key was used after it was wiped');
  }
}
