import { defect } from '../../base/errors.js';
import { areEqual, deriveKey, KEY_BYTES, secretBytes, wipe } from '../../host/sodium.js';
import type { FieldPlace } from '../field-place.js';
import { openField, type SealingKey, sealField } from '../sealing.js';
import { keyIdOf } from './key-id.js';

/** Context and numbers of the subkeys (crypto_kdf); never to be used for anything else. 3 is the id (key-id.ts). */
const KDF_CONTEXT = 'rcgallry';
const CHECK_SUBKEY = 2;
const WRAPPING_SUBKEY = 4;

/**
 * The key that wraps the data keys of a gallery (KEK). Lives in guarded memory and is wiped when disposed; nothing but
 * data keys, and the other key during a rotation, is ever encrypted under it.
 */
export class KeyEncryptionKey implements Disposable {
  /** Public identifier, hexadecimal; says nothing about the key. */
  readonly id: string;
  readonly #key = secretBytes(KEY_BYTES);
  readonly #wrapping: SealingKey;
  #isDisposed = false;

  /** Copies `kek`, 32 bytes; the caller wipes its own. */
  constructor(kek: Uint8Array) {
    if (kek.length !== KEY_BYTES) throw defect('key-size', `a key has ${KEY_BYTES} bytes, not ${kek.length}`);
    this.#key.set(kek);
    this.id = keyIdOf(kek);
    this.#wrapping = { id: this.id, bytes: secretBytes(KEY_BYTES) };
    deriveKey(this.#wrapping.bytes, this.#key, WRAPPING_SUBKEY, KDF_CONTEXT);
  }

  /** Stored beside the data: tells a wrong key from damaged data without giving the key away. */
  checkValue(): Uint8Array {
    this.#assertUsable();
    const value = new Uint8Array(32);
    deriveKey(value, this.#key, CHECK_SUBKEY, KDF_CONTEXT);
    return value;
  }

  hasCheckValue(stored: Uint8Array): boolean {
    return areEqual(stored, this.checkValue());
  }

  /** Seals a key (or nothing, as a proof) for its place. */
  wrap(place: FieldPlace, key: Uint8Array): Uint8Array {
    this.#assertUsable();
    return sealField(this.#wrapping, place, key);
  }

  /** The inverse of `wrap`; undefined where it was altered, moved or wrapped by another key. The caller wipes it. */
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
